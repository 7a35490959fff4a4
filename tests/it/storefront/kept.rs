//! Answers that are kept: nothing is asked for them, nobody else is given them, and no change is late.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::{Caller, Guest, World, a_product, database::execute};

/// Shorter than answers are kept, so that only a change that was heard shows within it.
const HEARD_WITHIN: Duration = Duration::from_secs(3);

/// The title of the first product listed, once it is the one expected.
async fn until_listed(shopper: &Caller, title: &str) {
    let begun = Instant::now();
    loop {
        let page = shopper.get("products").await.ok();
        if page["data"][0]["title"] == title {
            return;
        }
        assert!(begun.elapsed() < HEARD_WITHIN, "still listed: {}", page["data"][0]["title"]);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the process hears of changes: before that it keeps nothing.
async fn until_kept(world: &World, shopper: &Caller, path: &str) {
    let begun = Instant::now();
    loop {
        shopper.get(path).await.ok();
        if world.count_statements(shopper.get(path)).await.0 == 0 {
            return;
        }
        assert!(begun.elapsed() < HEARD_WITHIN, "{path} is never kept");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_same_answer_again_asks_nothing_until_something_changes() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().titled("Mug").create(&world, &ada).await;
    let (shopper, vendor) = (world.shopper(&ada), world.vendor(&ada));
    let detail = format!("products/{}", mug.slug);
    for path in ["products", "categories", detail.as_str()] {
        until_kept(&world, &shopper, path).await;
        let first = shopper.get(path).await;
        let tag = first.header("etag").expect("a validator").to_owned();
        let (statements, _) = world.count_statements(shopper.with("cache-control", "no-cache").get(path)).await;
        assert!(statements > 0, "{path}: anew for who wants it so");
        let (statements, same) = world.count_statements(shopper.with("if-none-match", &tag).get(path)).await;
        assert_eq!((statements, same.status()), (0, 304), "{path}");
    }
    vendor.patch(format!("products/{}", mug.id), &json!({ "title": "Cup" })).await.ok();
    assert_eq!(shopper.get(&detail).await.ok()["title"], "Cup", "at once where it was changed");
    assert_eq!(shopper.get("products").await.ok()["data"][0]["title"], "Cup");
    vendor.post("categories", &json!({ "name": "Cups" })).await.ok();
    assert_eq!(shopper.get("categories").await.ok()["data"][0]["name"], "Cups");
    vendor.act(format!("products/{}/archive", mug.id)).await.ok();
    shopper.get(&detail).await.refused(404, "catalog.product_not_found");
    world.run_jobs().await;
}

/// Units that a checkout holds change what is left and are no fact.
#[tokio::test]
async fn what_this_process_has_committed_shows_at_once_though_nothing_was_announced() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().stocked(5).reordered_at(9).create(&world, &ada).await;
    let (shopper, guest) = (world.shopper(&ada), Guest::of(&world, &ada));
    until_kept(&world, &shopper, "products").await;
    for left in [4, 3, 2] {
        assert_eq!(shopper.get("products").await.ok()["data"][0]["low_count"], left + 1);
        guest.try_checkout(&guest.fill_cart(&mug, 1).await).await.ok();
        assert_eq!(shopper.get("products").await.ok()["data"][0]["low_count"], left);
    }
    world.run_jobs().await;
}

#[tokio::test]
async fn an_answer_is_given_to_the_same_question_in_the_same_store_only() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant_in("bob", "USD", "US", false).await);
    a_product().titled("Mug").priced("19.90 EUR").create(&world, &ada).await;
    a_product().titled("Mug").priced("7.00 USD").create(&world, &bob).await;
    for _ in 0..3 {
        for path in ["products", "products/mug"] {
            let (here, there) = (world.shopper(&ada).get(path).await.ok(), world.shopper(&bob).get(path).await.ok());
            assert!(here.to_string().contains("19.90") && !here.to_string().contains("7.00"), "{here}");
            assert!(there.to_string().contains("7.00") && !there.to_string().contains("19.90"), "{there}");
        }
        world.shopper(&bob).get("products?currency=EUR").await.refused(422, "request.invalid");
    }
    world.run_jobs().await;
}

#[tokio::test]
async fn a_change_in_one_process_is_heard_in_the_others() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().titled("Mug").create(&world, &ada).await;
    let sibling = world.sibling().await;
    let shopper = world.shopper(&ada);
    for title in ["Cup", "Bowl", "Plate"] {
        until_kept(&world, &shopper, "products").await;
        world.vendor(&ada).at(&sibling).patch(format!("products/{}", mug.id), &json!({ "title": title })).await.ok();
        until_listed(&shopper, title).await;
    }
    world.run_jobs().await;
}

#[tokio::test]
async fn a_process_that_hears_nothing_keeps_nothing() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().titled("Mug").create(&world, &ada).await;
    let sibling = world.sibling().await;
    let shopper = world.shopper(&ada);
    until_kept(&world, &shopper, "products").await;
    let mut superuser = world.superuser().await;
    let deafen = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    execute(&mut superuser, deafen).await;
    world.vendor(&ada).at(&sibling).patch(format!("products/{}", mug.id), &json!({ "title": "Cup" })).await.ok();
    until_listed(&shopper, "Cup").await;
    // It listens again by itself.
    until_kept(&world, &shopper, "products").await;
    world.run_jobs().await;
}
