//! Stock: changed by one statement each, explained by movements, crossings told once.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Caller, Store, World, a_product, database::texts};

async fn level(vendor: &Caller) -> Value {
    vendor.get("stock-levels").await.ok()["data"][0].clone()
}

async fn facts(world: &World, code: &str) -> usize {
    let mut superuser = world.superuser().await;
    texts(&mut superuser, &format!("SELECT id::text FROM facts WHERE code = '{code}'")).await.len()
}

async fn a_counted_mug(world: &World, on_hand: i32) -> (Store, String) {
    let ada = world.tenant("ada").await;
    a_product().stocked(on_hand).create(world, &ada).await;
    let id = level(&world.vendor(&ada)).await["id"].as_str().unwrap().to_owned();
    (ada, id)
}

#[tokio::test]
async fn a_level_equals_the_fold_of_its_movements_after_parallel_adjustments() {
    let world = World::new().await;
    let (ada, id) = a_counted_mug(&world, 10).await;
    let vendor = world.vendor(&ada);
    let path = format!("stock-levels/{id}/adjust");
    let takes: Vec<Value> = (0..20).map(|_| json!({ "quantity": -1, "reason": "damaged" })).collect();
    // A busy machine may answer 503 (the lock was not got in time): that asks for another try.
    let take = async |body: &Value| loop {
        let answer = vendor.post(&path, body).await;
        if answer.status() != 503 {
            return answer;
        }
    };
    let answers = join_all(takes.iter().map(take)).await;
    let accepted = answers.iter().filter(|answer| answer.status() == 200).count();
    assert_eq!(accepted, 10, "ten were there to take");
    answers.iter().filter(|answer| answer.status() != 200).for_each(|answer| {
        answer.refused(409, "inventory.below_reserved");
    });
    assert_eq!(level(&vendor).await["on_hand"], 0);
    let movements = vendor.get(format!("stock-levels/{id}/movements?limit=100")).await.ok();
    let movements = movements["data"].as_array().unwrap();
    assert_eq!(movements.iter().map(|movement| movement["quantity"].as_i64().unwrap()).sum::<i64>(), 0);
    assert_eq!(movements.len(), 11, "what it began with, and ten that went");
    world.run_jobs().await;
}

#[tokio::test]
async fn a_crossing_is_told_once() {
    let world = World::new().await;
    let (ada, id) = a_counted_mug(&world, 10).await;
    let vendor = world.vendor(&ada);
    vendor.patch(format!("stock-levels/{id}"), &json!({ "reorder_point": 3 })).await.ok();
    let counted = async |on_hand: i32| vendor.post(format!("stock-levels/{id}/count"), &json!({ "on_hand": on_hand })).await.ok();
    for (on_hand, low, turned) in [(4, 0, 0), (3, 1, 0), (2, 1, 0), (0, 1, 1), (0, 1, 1), (2, 1, 2), (5, 1, 2), (1, 2, 2)] {
        let is_low = !counted(on_hand).await["low_since"].is_null();
        assert_eq!(is_low, on_hand <= 3, "at {on_hand}");
        let told = (facts(&world, "stock.low").await, facts(&world, "stock.availability_changed").await);
        assert_eq!(told, (low, turned), "at {on_hand}");
    }
    assert_eq!(vendor.get("stock-levels?low=true").await.ok()["data"].as_array().unwrap().len(), 1);
    world.run_jobs().await;
}

#[tokio::test]
async fn shoppers_learn_a_word_and_a_count_only_when_few_are_left() {
    let world = World::new().await;
    let (ada, id) = a_counted_mug(&world, 10).await;
    let (vendor, shopper) = (world.vendor(&ada), world.shopper(&ada));
    vendor.patch(format!("stock-levels/{id}"), &json!({ "reorder_point": 3, "safety_stock": 1 })).await.ok();
    for (on_hand, policy, word, count) in [
        (10, "deny", "in_stock", Value::Null),
        (3, "deny", "low", json!(2)),
        (1, "deny", "out_of_stock", Value::Null),
        (1, "allow", "backorder", Value::Null),
    ] {
        vendor.post(format!("stock-levels/{id}/count"), &json!({ "on_hand": on_hand })).await.ok();
        vendor.patch(format!("stock-levels/{id}"), &json!({ "backorder": policy })).await.ok();
        let card = shopper.get("products").await.ok()["data"][0].clone();
        let variant = shopper.get("products/mug").await.ok()["variants"][0].clone();
        for seen in [card, variant] {
            assert_eq!((&seen["availability"], &seen["low_count"]), (&json!(word), &count), "{on_hand} {policy}");
            assert!(seen.get("available").is_none() && seen.get("on_hand").is_none());
        }
    }
    world.run_jobs().await;
}

#[tokio::test]
async fn another_tenants_level_looks_absent() {
    let world = World::new().await;
    let (_, id) = a_counted_mug(&world, 10).await;
    let bob = world.tenant("bob").await;
    let stranger = world.vendor(&bob);
    stranger.get(format!("stock-levels/{id}")).await.refused(404, "inventory.level_not_found");
    let take = json!({ "quantity": -1, "reason": "mine" });
    stranger.post(format!("stock-levels/{id}/adjust"), &take).await.refused(404, "inventory.level_not_found");
    for quantity in [json!(0), json!(1.5), json!("3"), json!(2_147_483_648_i64), json!(null)] {
        let body = json!({ "quantity": quantity, "reason": "odd" });
        assert_eq!(stranger.post(format!("stock-levels/{id}/adjust"), &body).await.status(), 422, "{body}");
    }
    world.run_jobs().await;
}
