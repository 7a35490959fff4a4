//! Support: an operator inside one store, for a reason and a while, seen by it, and far from its money and keys.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{Caller, Store, World, database::texts};

struct Support {
    caller: Caller,
    id: String,
}

async fn support(world: &World, operator: &Caller, store: &Store, minutes: i32) -> Support {
    let path = format!("tenants/{}/support-sessions", store.id);
    let begun = operator.post(path, &json!({ "reason": "Their question 12", "minutes": minutes })).await;
    assert_eq!(begun.status(), 201);
    let begun = begun.ok();
    let caller = world.anybody("/vendor/v1").with_token(begun["access_token"].as_str().expect("an access token"));
    Support { caller, id: begun["id"].as_str().expect("an id").to_owned() }
}

#[tokio::test]
async fn the_store_is_told_and_sees_who_and_why() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let operator = world.operator().await;
    let path = format!("tenants/{}/support-sessions", ada.id);
    for unfit in [json!({ "minutes": 15 }), json!({ "reason": "", "minutes": 15 }), json!({ "reason": "x", "minutes": 61 })] {
        operator.post(&path, &unfit).await.refused(422, "request.invalid");
    }
    let nobody = "tenants/tnt_01h2xcejqtf2nbrexx3vqjhp41/support-sessions";
    operator.post(nobody, &json!({ "reason": "x", "minutes": 15 })).await.refused(404, "stores.not_found");

    let support = support(&world, &operator, &ada, 15).await;
    let seen = world.vendor(&ada).get("support-sessions").await.ok();
    assert_eq!(seen["data"].as_array().map(Vec::len), Some(1));
    let session = &seen["data"][0];
    assert_eq!((&session["operator"], &session["reason"]), (&json!("Operator"), &json!("Their question 12")));
    assert_eq!((&session["id"], &session["ended_at"]), (&json!(support.id), &Value::Null));
    assert_eq!(world.vendor(&bob).get("support-sessions").await.ok()["data"], json!([]), "nobody else is told");
    world.run_jobs().await;
    let told = world.mailbox.to(&ada.email);
    assert!(told.last().unwrap().text.contains("Their question 12"), "{}", told.last().unwrap().text);

    let log = world.vendor(&ada).get("audit?resource=support_session").await.ok();
    assert_eq!(log["data"][0]["changes"]["reason"]["after"], "Their question 12");
    assert!(log["data"][0]["actor"].as_str().is_some_and(|actor| actor.starts_with("operator:")), "{log}");
    let platforms = operator.get("audit").await.ok();
    assert_eq!(
        (&platforms["data"][0]["action"], &platforms["data"][0]["reason"]),
        (&json!("support_sessions.begin"), &json!("Their question 12"))
    );
    assert_eq!(operator.get(&path).await.ok()["data"][0]["id"], json!(support.id));
}

#[tokio::test]
async fn it_sets_right_what_is_sold_and_moves_no_money() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let operator = world.operator().await;
    let support = support(&world, &operator, &ada, 15).await.caller;
    for path in ["store", "products", "orders", "customers", "members", "audit", "stock-levels"] {
        support.get(path).await.ok();
    }
    support.post("categories", &json!({ "name": "Mugs" })).await.ok();
    let log = world.vendor(&ada).get("audit?resource=category").await.ok();
    assert!(log["data"][0]["actor"].as_str().is_some_and(|actor| actor.starts_with("operator:")), "{log}");
    support.get("keys").await.refused(403, "identity.permission_missing");
    let key = json!({ "name": "Mine", "kind": "secret", "scopes": ["read_products"] });
    support.post("keys", &key).await.refused(403, "identity.permission_missing");
    support.patch("store", &json!({ "name": "Mine now" })).await.refused(403, "identity.permission_missing");
    support.post("invitations", &json!({ "email": "me@stoa.example", "role": "owner" })).await.refused(403, "identity.permission_missing");
    let order = "orders/ord_01h2xcejqtf2nbrexx3vqjhp41";
    support.post(format!("{order}/cancel"), &json!({ "reason": "customer" })).await.refused(403, "identity.permission_missing");
    let payment = "payments/pay_01h2xcejqtf2nbrexx3vqjhp41/capture";
    support.with_key("once").act(payment).await.refused(403, "identity.permission_missing");
    support.get("account").await.refused(403, "identity.accounts_only");
    support.post("account/step-up", &json!({ "current_password": "x" })).await.refused(403, "identity.accounts_only");

    support.on_host(&bob.host()).get("products").await.refused(403, "tenancy.tenant_mismatch");
    support.get("/platform/v1/tenants").await.refused(401, "identity.unauthorized");
    operator.get("/vendor/v1/products").await.refused(401, "identity.unauthorized");
    world.run_jobs().await;
}

#[tokio::test]
async fn a_suspended_store_can_still_be_looked_into() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let operator = world.operator().await;
    operator.post(format!("tenants/{}/suspend", ada.id), &json!({ "reason": "Sells what is not theirs" })).await.ok();
    let support = support(&world, &operator, &ada, 15).await.caller;
    assert_eq!(support.get("store").await.ok()["status"], "suspended");
    let category = json!({ "name": "Mugs", "slug": "mugs" });
    support.post("categories", &category).await.refused(403, "tenancy.store_suspended");
}

/// The token has no leeway, and the row ends with it.
#[tokio::test]
async fn it_ends_when_the_store_was_told_it_would() {
    let mut world = World::at("2026-03-01T12:00:00Z").await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let operator = world.operator().await;
    let by_token = support(&world, &operator, &ada, 5).await.caller;
    world.clock.advance(TimeDelta::seconds(299));
    by_token.get("store").await.ok();
    world.clock.advance(TimeDelta::seconds(1));
    by_token.get("store").await.refused(401, "identity.unauthorized");

    let by_row = support(&world, &operator, &ada, 60).await.caller;
    texts(&mut world.superuser().await, "UPDATE support_sessions SET expires_at = now() RETURNING 'late'").await;
    by_row.get("store").await.refused(401, "identity.unauthorized");
}

#[tokio::test]
async fn the_store_ends_it_in_every_process() {
    let mut world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    world.leave_facts();
    let sibling = world.sibling_with(|tuning| tuning.session_cached_for = Duration::from_secs(1)).await;
    let operator = world.operator().await;
    let first = support(&world, &operator, &ada, 60).await;
    let elsewhere = first.caller.at(&sibling);
    first.caller.get("store").await.ok();
    elsewhere.get("store").await.ok();
    let path = format!("support-sessions/{}", first.id);
    world.vendor(&bob).delete(&path).await.refused(404, "stores.support_session_not_found");
    first.caller.delete(&path).await.refused(403, "identity.permission_missing");
    assert_eq!(world.vendor(&ada).delete(&path).await.status(), 204);
    first.caller.get("store").await.refused(401, "identity.unauthorized");
    let begun = Instant::now();
    while elsewhere.get("store").await.status() == 200 {
        assert!(begun.elapsed() < Duration::from_secs(4), "another process still lets support in");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    elsewhere.get("store").await.refused(401, "identity.unauthorized");
    let seen = world.vendor(&ada).get("support-sessions").await.ok();
    assert!(seen["data"][0]["ended_by"].as_str().is_some_and(|by| by.starts_with("account:")), "{seen}");

    let second = support(&world, &operator, &ada, 60).await;
    second.caller.get("store").await.ok();
    let path = format!("tenants/{}/support-sessions/{}", ada.id, second.id);
    operator.delete(format!("tenants/{}/support-sessions/{}", bob.id, second.id)).await.refused(404, "stores.support_session_not_found");
    assert_eq!(operator.delete(&path).await.status(), 204);
    second.caller.get("store").await.refused(401, "identity.unauthorized");
    let log = operator.get("audit").await.ok();
    assert_eq!(log["data"][0]["action"], "support_sessions.end");
}

/// Support is inside by a session of its own, and no longer than that: whatever ends it, a sign-out, a new password, a day.
#[tokio::test]
async fn t037_it_ends_with_the_session_that_began_it() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let operator = world.operator().await;
    let support = support(&world, &operator, &ada, 60).await.caller;
    let sibling = world.sibling().await;
    let (mut superuser, elsewhere) = (world.superuser().await, operator.at(&sibling));
    texts(&mut superuser, "UPDATE refresh_tokens SET proved_at = now() - interval '13 hours' WHERE principal = 'operator' RETURNING 'old'")
        .await;
    elsewhere.get("tenants").await.refused(401, "identity.unauthorized");
    support.at(&sibling).get("store").await.refused(401, "identity.unauthorized");
    texts(&mut superuser, "UPDATE refresh_tokens SET revoked_at = now() WHERE principal = 'operator' RETURNING 'ended'").await;
    support.get("store").await.refused(401, "identity.unauthorized");
}
