use chrono::NaiveDate;
use commerce::analytics::{Period, recount, sales};
use serde_json::json;
use tests::{Store, World};

use super::order::{cancel, place_at, quiet_store};

async fn assert_equals_recount(world: &World, store: &Store) {
    let tx = world.begin(store).await;
    let (from, to) = (NaiveDate::from_ymd_opt(2026, 10, 1).unwrap(), NaiveDate::from_ymd_opt(2026, 10, 31).unwrap());
    for period in [Period::Hour, Period::Day] {
        let kept = sales(&tx, period, from, to).await.unwrap().sales;
        assert_eq!(kept, recount(&tx, period).await.unwrap(), "{period:?}");
    }
}

#[tokio::test]
async fn sales_equal_a_recount_also_on_the_day_that_has_25_hours() {
    let world = World::at("2026-10-25T12:00:00Z").await;
    let store = quiet_store(&world, "ada").await;
    // Both half past two of that night, the last minute of the day, and the first of the next.
    let times = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z"];
    let mut placed = Vec::new();
    for (number, time) in (1..).zip(times) {
        placed.push(place_at(&world, &store, number, 2_000 * number, time.parse().unwrap()).await);
    }
    cancel(&world, &store, &placed[1]).await;
    let drained = world.try_jobs().await;
    assert!(drained.failed.is_empty(), "{:?}", drained.failed);
    assert_equals_recount(&world, &store).await;
    let report = world.vendor(&store).get("analytics/sales?period=day&from=2026-10-25&to=2026-10-25").await.ok();
    assert_eq!(report["time_zone"], json!("Europe/Berlin"));
    assert_eq!(report["sales"][0]["starts_at"], json!("2026-10-24T22:00:00Z"));
    assert_eq!(report["sales"][0]["orders"], json!(3));
    assert_eq!(report["sales"][0]["cancelled_orders"], json!(1));
    assert_eq!(report["sales"][0]["total"], json!({ "amount": "134.70", "currency": "EUR" }));
    let hours = world.vendor(&store).get("analytics/sales?period=hour&from=2026-10-25&to=2026-10-25").await.ok();
    assert_eq!(hours["sales"].as_array().unwrap().len(), 3, "the hour that clocks repeat is two hours");
}

#[tokio::test]
async fn a_store_reads_its_own_sales_only() {
    let world = World::at("2026-10-20T12:00:00Z").await;
    let (ada, bob) = (quiet_store(&world, "ada").await, quiet_store(&world, "bob").await);
    place_at(&world, &ada, 1, 1_000, world.clock.now()).await;
    world.try_jobs().await;
    let report = world.vendor(&bob).get("analytics/sales?from=2026-10-01&to=2026-10-31").await.ok();
    assert_eq!(report["sales"], json!([]));
    let turned = world.vendor(&bob).get("analytics/sales?from=2026-10-31&to=2026-10-01").await;
    assert_eq!(turned.status(), 422);
    let endless = world.vendor(&bob).get("analytics/sales?period=hour&from=2026-01-01&to=2026-12-31").await;
    assert_eq!(endless.status(), 422);
}
