//! What operators see of tenants, and how they stop one.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::World;

#[tokio::test]
async fn tenants_are_listed_with_their_figures() {
    let mut world = World::new().await;
    for slug in ["ada", "bob", "cleo"] {
        world.tenant(slug).await;
    }
    world.leave_facts();
    let operator = world.operator().await;
    let page = operator.get("tenants?limit=2").await.ok();
    let slugs: Vec<&str> = page["data"].as_array().expect("data").iter().filter_map(|tenant| tenant["slug"].as_str()).collect();
    assert_eq!(slugs, ["cleo", "bob"], "the newest first");
    assert_eq!(page["data"][0]["products"], 0);
    let next = page["page"]["next"].as_str().expect("a next page");
    let rest = operator.get(format!("tenants?limit=2&after={next}")).await.ok();
    assert_eq!(rest["data"][0]["slug"], "ada");
    assert!(rest["page"]["next"].is_null());
    let (statements, _) = world.count_statements(operator.get("tenants?limit=100")).await;
    assert!(statements <= 4, "a page takes {statements} statements, whatever its length");
    operator.get("tenants?sort=slug").await.refused(422, "request.invalid");
    operator.get("tenants?status=sleeping").await.refused(422, "request.invalid");
}

#[tokio::test]
async fn a_suspended_store_is_closed_at_once_and_its_owner_may_only_look() {
    let mut world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    world.leave_facts();
    let operator = world.operator().await;
    world.shopper(&ada).get("store").await.ok();
    let path = format!("tenants/{}", ada.id);
    operator.post(format!("{path}/suspend"), &json!({})).await.refused(422, "request.invalid");
    let suspended = operator.post(format!("{path}/suspend"), &json!({ "reason": "Sells what is not theirs" })).await.ok();
    assert_eq!((suspended["status"].as_str(), suspended["status_reason"].as_str()), (Some("suspended"), Some("Sells what is not theirs")));
    world.shopper(&ada).get("store").await.refused(403, "tenancy.store_suspended");
    let owner = world.vendor(&ada);
    assert_eq!(owner.get("store").await.ok()["status"], "suspended");
    owner.patch("store", &json!({ "name": "Still open" })).await.refused(403, "tenancy.store_suspended");
    world.shopper(&bob).get("store").await.ok();
    operator.post(format!("{path}/suspend"), &json!({ "reason": "Again" })).await.refused(409, "stores.already_suspended");
    assert_eq!(operator.get("tenants?status=suspended").await.ok()["data"].as_array().map(Vec::len), Some(1));

    operator.post(format!("{path}/reactivate"), &json!({ "reason": "It was theirs" })).await.ok();
    world.shopper(&ada).get("store").await.ok();
    operator.post(format!("{path}/reactivate"), &json!({ "reason": "It was theirs" })).await.refused(409, "stores.already_active");
    let log = operator.get("audit").await.ok();
    let actions: Vec<&str> = log["data"].as_array().expect("data").iter().filter_map(|entry| entry["action"].as_str()).collect();
    assert_eq!(actions, ["tenants.reactivate", "tenants.suspend"], "what was refused is not in the log");
    assert_eq!(log["data"][0]["reason"], "It was theirs");
    assert!(log["data"][1]["request_id"].as_str().is_some_and(|id| id.starts_with("req_")));
    operator.get("tenants/tnt_01h2xcejqtf2nbrexx3vqjhp41").await.refused(404, "stores.not_found");
}

/// What a process knows of stores it would know for a minute, did it not hear of changes.
#[tokio::test]
async fn a_suspended_store_is_closed_in_every_process() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let elsewhere = world.shopper(&ada).at(&world.sibling().await);
    for _ in 0..20 {
        elsewhere.get("store").await.ok();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let operator = world.operator().await;
    operator.post(format!("tenants/{}/suspend", ada.id), &json!({ "reason": "Sells what is not theirs" })).await.ok();
    let begun = Instant::now();
    while elsewhere.get("store").await.status() == 200 {
        assert!(begun.elapsed() < Duration::from_secs(5), "another process still sells");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    elsewhere.get("store").await.refused(403, "tenancy.store_suspended");
}
