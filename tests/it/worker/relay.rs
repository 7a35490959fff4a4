use std::sync::Arc;

use commerce::{catalog::ProductDeleted, ids::ProductId, outbox};
use tests::{Store, World, database::texts};
use worker::{relay::Relay, schedule};

use super::order::quiet_store;

fn relay(world: &World) -> Relay {
    Relay::new(world.state.database.clone(), Arc::default())
}

async fn delete_products(world: &World, store: &Store, count: usize) {
    let facts: Vec<_> = (0..count).map(|_| ProductDeleted { product_id: ProductId::new() }).collect();
    let tx = world.begin(store).await;
    outbox::record_all(&tx, &world.clock, &facts).await.unwrap();
    tx.commit().await.unwrap();
}

/// Orders without rows: what counts here is who gets a place, not what a job does there.
async fn sell(world: &World, store: &Store, count: usize) {
    let facts: Vec<_> = (0..count)
        .map(|_| commerce::payments::PaymentRefunded {
            payment: commerce::ids::PaymentId::new(),
            order: None,
            amount: commerce::money::Money::new(1, "EUR".parse().unwrap()),
        })
        .collect();
    let tx = world.begin(store).await;
    outbox::record_all(&tx, &world.clock, &facts).await.unwrap();
    tx.commit().await.unwrap();
}

async fn ask(world: &World, sql: &str) -> Vec<String> {
    texts(&mut world.superuser().await, sql).await
}

#[tokio::test]
async fn a_stores_flood_leaves_room_for_the_others() {
    let world = World::new().await;
    let (ada, bob, eve) = (quiet_store(&world, "ada").await, quiet_store(&world, "bob").await, quiet_store(&world, "eve").await);
    let mut relay = relay(&world);
    sell(&world, &ada, 300).await;
    relay.step().await.unwrap();
    sell(&world, &bob, 1).await;
    sell(&world, &eve, 1).await;
    relay.step().await.unwrap();
    let places = "SELECT split_part(idempotency_key, ':', 1) || ' ' || count(*) FROM apalis.jobs WHERE status = 'Pending' GROUP BY split_part(idempotency_key, ':', 1)";
    let places = world_places(&ask(&world, places).await);
    assert_eq!(places.get(&bob.id.uuid().to_string()), Some(&1), "{places:?}");
    assert_eq!(places.get(&eve.id.uuid().to_string()), Some(&1), "{places:?}");
    assert!(places[&ada.id.uuid().to_string()] < 100, "one store must not fill the lane: {places:?}");
}

fn world_places(rows: &[String]) -> std::collections::BTreeMap<String, i64> {
    rows.iter().map(|row| row.split_once(' ').unwrap()).map(|(tenant, count)| (tenant.to_owned(), count.parse().unwrap())).collect()
}

#[tokio::test]
async fn two_relays_make_one_job_of_a_fact() {
    let world = World::new().await;
    let (ada, bob) = (quiet_store(&world, "ada").await, quiet_store(&world, "bob").await);
    sell(&world, &ada, 120).await;
    sell(&world, &bob, 120).await;
    let (mut one, mut two) = (relay(&world), relay(&world));
    let (first, second) = tokio::join!(one.step(), two.step());
    first.unwrap();
    second.unwrap();
    let jobs = "SELECT (SELECT count(*) FROM waiting_jobs) + (SELECT count(*) FROM apalis.jobs) || ' jobs, '
                    || (SELECT count(*) FROM facts WHERE relayed_at IS NULL) || ' facts left'";
    assert_eq!(ask(&world, jobs).await, ["240 jobs, 0 facts left"]);
}

#[tokio::test]
async fn changed_products_become_one_batch() {
    let world = World::new().await;
    let ada = quiet_store(&world, "ada").await;
    delete_products(&world, &ada, 80).await;
    relay(&world).step().await.unwrap();
    let batches = "SELECT count(*) || ' × ' || sum(jsonb_array_length(convert_from(job, 'UTF8')::jsonb #> '{job,products}'))::int
                   FROM apalis.jobs WHERE job_type = 'search'";
    let batches = ask(&world, batches).await;
    let (count, products) = batches[0].split_once(" × ").unwrap();
    assert_eq!(products, "80", "each product once");
    assert!(count.parse::<u32>().unwrap() <= 3, "80 changes are a few batches at most: {count}");
}

#[tokio::test]
async fn a_tick_starts_its_job_once_on_two_replicas() {
    let world = World::new().await;
    let db = world.state.database.platform();
    let (since, now) = ("2026-03-01T11:59:50Z".parse().unwrap(), "2026-03-01T12:00:05Z".parse().unwrap());
    let (one, two) = tokio::join!(schedule::tick(&db, since, now), schedule::tick(&db, since, now));
    one.unwrap();
    two.unwrap();
    schedule::tick(&db, since, now).await.unwrap();
    let ticks = "SELECT idempotency_key FROM apalis.jobs WHERE idempotency_key LIKE '%sweep-checkouts%'";
    assert_eq!(ask(&world, ticks).await, ["platform:SweepCheckouts:cron:sweep-checkouts:1772366400"]);
}
