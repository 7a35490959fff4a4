//! Products that are published and taken back by themselves: once, in every store that has something due, and never silently not.

use chrono::TimeDelta;
use commerce::{catalog::schedule, ids::ProductId};
use serde_json::{Value, json};
use tests::{
    Store, World, a_product,
    database::{execute, texts},
};

/// Starts the schedule's sweep, and runs what follows.
async fn sweep(world: &World, store: &Store) -> Vec<&'static str> {
    let job =
        json!({ "tenant": null, "key": uuid::Uuid::now_v7(), "caused_at": "2026-01-01T00:00:00Z", "job": { "kind": "SweepProducts" } });
    let wait = format!(
        "INSERT INTO waiting_jobs (tenant_id, id, lane, kind, key, job, created_at)
         VALUES ('{}', gen_random_uuid(), 'search', 'SweepProducts', gen_random_uuid()::text, '{job}', now())",
        store.id.uuid()
    );
    let mut superuser = world.superuser().await;
    execute(&mut superuser, &wait).await;
    drop(superuser);
    world.run_jobs().await.done
}

/// Lets the time come that the product waits for.
async fn let_come(world: &World, product: ProductId, column: &str) {
    let mut superuser = world.superuser().await;
    execute(&mut superuser, &format!("UPDATE products SET {column} = now() - interval '1 second' WHERE id = '{}'", product.uuid())).await;
}

fn ahead(world: &World, hours: i64) -> Value {
    json!(world.clock.now() + TimeDelta::hours(hours))
}

async fn told(world: &World, change: &str) -> Vec<String> {
    let mut superuser = world.superuser().await;
    let ask = format!("SELECT aggregate_id::text FROM facts WHERE code = 'products.changed' AND body ->> 'change' = '{change}' ORDER BY 1");
    texts(&mut superuser, &ask).await
}

#[tokio::test]
async fn a_product_is_published_and_taken_back_at_its_times_in_every_store() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let mut products = Vec::new();
    for store in [&ada, &bob] {
        let mug = a_product().draft().create(&world, store).await;
        let times = json!({ "publish_at": ahead(&world, 1), "unpublish_at": ahead(&world, 2) });
        let changed = world.vendor(store).patch(format!("products/{}", mug.id), &times).await.ok();
        assert_eq!((&changed["status"], changed["publish_at"].is_string()), (&json!("draft"), true));
        products.push((store, mug.id));
    }
    assert!(!sweep(&world, &ada).await.contains(&"TurnProducts"), "nothing is due");
    for (_, id) in &products {
        let_come(&world, *id, "publish_at").await;
    }
    assert_eq!(sweep(&world, &ada).await.iter().filter(|kind| **kind == "TurnProducts").count(), 2, "one turn for each store");
    for (store, id) in &products {
        let shown = world.vendor(store).get(format!("products/{id}")).await.ok();
        assert_eq!((&shown["status"], &shown["publish_at"], shown["unpublish_at"].is_string()), (&json!("published"), &Value::Null, true));
        assert_eq!(world.shopper(store).get("products/mug").await.status(), 200);
        let_come(&world, *id, "unpublish_at").await;
    }
    sweep(&world, &ada).await;
    for (store, id) in &products {
        let shown = world.vendor(store).get(format!("products/{id}")).await.ok();
        assert_eq!((&shown["status"], &shown["unpublish_at"]), (&json!("draft"), &Value::Null));
        assert_eq!(world.shopper(store).get("products/mug").await.status(), 404);
    }
    assert_eq!((told(&world, "published").await.len(), told(&world, "unpublished").await.len()), (2, 2), "once each");
    sweep(&world, &ada).await;
    assert_eq!(told(&world, "published").await.len(), 2, "and never again");
}

#[tokio::test]
async fn many_workers_publish_a_product_once() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    for number in 0..5 {
        let mug = a_product().titled(&format!("Mug {number}")).draft().create(&world, &ada).await;
        let_come(&world, mug.id, "publish_at").await;
    }
    let db = world.db(&ada);
    let all = futures::future::join_all((0..4).map(|_| schedule::turn_due(&db, &world.clock))).await;
    assert!(all.into_iter().all(|turned| turned.is_ok()));
    assert_eq!(told(&world, "published").await.len(), 5);
    world.run_jobs().await;
}

#[tokio::test]
async fn what_may_not_be_published_stays_a_draft_and_says_why() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let empty = vendor.post("products", &json!({ "title": "Idea", "publish_at": ahead(&world, 1) })).await.ok();
    let empty: ProductId = empty["id"].as_str().unwrap().parse().unwrap();
    let shelved = a_product().titled("Shelved").draft().create(&world, &ada).await;
    let good = a_product().titled("Good").draft().create(&world, &ada).await;
    vendor.act(format!("products/{}/archive", shelved.id)).await.ok();
    for id in [empty, shelved.id, good.id] {
        let_come(&world, id, "publish_at").await;
    }
    sweep(&world, &ada).await;
    for (id, status, why) in
        [(empty, "draft", json!("nothing_to_sell")), (shelved.id, "archived", json!("archived")), (good.id, "published", Value::Null)]
    {
        let shown = vendor.get(format!("products/{id}")).await.ok();
        assert_eq!((&shown["status"], &shown["publish_failed"], &shown["publish_at"]), (&json!(status), &why, &Value::Null));
    }
    let again = vendor.patch(format!("products/{empty}"), &json!({ "publish_at": ahead(&world, 1) })).await.ok();
    assert_eq!(again["publish_failed"], Value::Null, "a new time is a new attempt");
    vendor.act(format!("products/{}/publish", good.id)).await.ok();
    world.run_jobs().await;
}

#[tokio::test]
async fn times_lie_ahead_and_in_their_order() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let mug = a_product().draft().create(&world, &ada).await;
    let path = format!("products/{}", mug.id);
    let cases = [
        (json!({ "publish_at": ahead(&world, -1) }), "/publish_at"),
        (json!({ "unpublish_at": ahead(&world, -1) }), "/unpublish_at"),
        (json!({ "publish_at": ahead(&world, 2), "unpublish_at": ahead(&world, 1) }), "/unpublish_at"),
        (json!({ "publish_at": "tomorrow" }), "/publish_at"),
    ];
    for (body, pointer) in cases {
        let refused = vendor.patch(&path, &body).await;
        assert_eq!((refused.status(), &refused.json()["errors"][0]["pointer"]), (422, &json!(pointer)), "{body}");
    }
    vendor.patch(&path, &json!({ "unpublish_at": ahead(&world, 1) })).await.ok();
    let late = vendor.patch(&path, &json!({ "publish_at": ahead(&world, 2) })).await.refused(422, "catalog.invalid");
    assert_eq!(late["errors"][0]["pointer"], "/unpublish_at", "also against what was set before");
    let cleared = vendor.patch(&path, &json!({ "unpublish_at": null })).await.ok();
    assert_eq!(cleared["unpublish_at"], Value::Null);
    world.run_jobs().await;
}
