//! How long keys live, who takes their place, and when they were used.

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Caller, Store, World, database::execute};

/// Makes a key, and answers it with a caller who has it.
async fn made(world: &World, store: &Store, key: Value) -> (Value, Caller) {
    let made = world.vendor(store).post("keys", &key).await.ok();
    let caller = world.anybody("/vendor/v1").with_token(made["secret"].as_str().expect("a secret"));
    (made, caller)
}

fn path_of(key: &Value) -> String {
    format!("keys/{}", key["id"].as_str().expect("an id"))
}

fn reading(expires_at: Option<DateTime<Utc>>) -> Value {
    json!({ "name": "Till", "kind": "secret", "scopes": ["read_settings"], "expires_at": expires_at })
}

#[tokio::test]
async fn an_expired_key_is_refused_at_once_though_it_is_cached() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let (key, till) = made(&world, &ada, reading(Some(world.clock.now() + TimeDelta::milliseconds(1500)))).await;
    till.get("store").await.ok();
    tokio::time::sleep(std::time::Duration::from_millis(1600)).await;
    till.get("store").await.refused(401, "identity.unauthorized");
    let path = path_of(&key);
    let owner = world.vendor(&ada);
    owner.patch(&path, &json!({ "expires_at": null })).await.refused(409, "identity.key_ended");
    owner.post(format!("{path}/rotate"), &json!({ "overlap_hours": 1 })).await.refused(409, "identity.key_ended");
    let page = json!({ "name": "Page", "kind": "publishable", "expires_at": world.clock.now() + TimeDelta::milliseconds(1000) });
    let (page, _) = made(&world, &ada, page).await;
    let shopper = world.anybody("/storefront/v1").with("stoa-publishable-key", page["secret"].as_str().unwrap());
    shopper.get("store").await.ok();
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    shopper.get("store").await.refused(401, "identity.key_unknown");
}

#[tokio::test]
async fn an_end_is_in_the_future_and_can_be_moved() {
    let mut world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    world.leave_facts();
    let owner = world.vendor(&ada);
    for wrong in [world.clock.now() - TimeDelta::seconds(1), world.clock.now() + TimeDelta::days(731)] {
        let problem = owner.post("keys", &reading(Some(wrong))).await.refused(422, "identity.invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/expires_at");
    }
    let (key, till) = made(&world, &ada, reading(Some(world.clock.now() + TimeDelta::days(30)))).await;
    let path = path_of(&key);
    let shown = owner.get(&path).await;
    let tag = shown.header("etag").expect("a version").to_owned();
    let changed = owner.with("if-match", &tag).patch(&path, &json!({ "name": "Old till", "expires_at": null })).await.ok();
    assert_eq!((&changed["name"], &changed["expires_at"]), (&json!("Old till"), &Value::Null));
    owner.with("if-match", &tag).patch(&path, &json!({ "name": "x" })).await.refused(412, "request.changed_meanwhile");
    let wrong = owner.patch(&path, &json!({ "origins": ["https://shop.example"] })).await.refused(422, "identity.invalid");
    assert_eq!((&wrong["errors"][0]["pointer"], &wrong["errors"][0]["code"]), (&json!("/origins"), &json!("publishable_only")));
    world.vendor(&bob).patch(&path, &json!({ "name": "Mine" })).await.refused(404, "identity.key_not_found");
    world.vendor(&bob).get(&path).await.refused(404, "identity.key_not_found");
    world.vendor(&bob).post(format!("{path}/rotate"), &json!({ "overlap_hours": 0 })).await.refused(404, "identity.key_not_found");
    till.get("store").await.ok();
    let logged = owner.get("audit?resource=api_key").await.ok();
    assert_eq!(logged["data"][0]["changes"]["name"], json!({ "before": "Till", "after": "Old till" }));
}

#[tokio::test]
async fn a_rotation_lets_both_secrets_work_for_a_while() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let owner = world.vendor(&ada);
    let (old, till) = made(&world, &ada, reading(None)).await;
    let path = path_of(&old);
    owner.post(format!("{path}/rotate"), &json!({ "overlap_hours": 169 })).await.refused(422, "request.invalid");
    let rotated = owner.post(format!("{path}/rotate"), &json!({ "overlap_hours": 24 })).await.ok();
    assert_eq!((&rotated["name"], &rotated["scopes"], &rotated["rotated_from"]), (&old["name"], &old["scopes"], &old["id"]));
    assert_ne!(rotated["secret"], old["secret"]);
    let next = world.anybody("/vendor/v1").with_token(rotated["secret"].as_str().unwrap());
    next.get("store").await.ok();
    till.get("store").await.ok();
    let shown = owner.get(&path).await.ok();
    assert_eq!(shown["replaced_by"], rotated["id"]);
    let end: DateTime<Utc> = shown["expires_at"].as_str().unwrap().parse().unwrap();
    assert!((end - world.clock.now() - TimeDelta::hours(24)).abs() < TimeDelta::minutes(1), "{end}");
    owner.post(format!("{path}/rotate"), &json!({ "overlap_hours": 1 })).await.refused(409, "identity.key_replaced");
    for later in [Value::Null, json!(end + TimeDelta::days(1))] {
        owner.patch(&path, &json!({ "expires_at": later })).await.refused(409, "identity.key_replaced");
    }
    owner.patch(&path, &json!({ "expires_at": end - TimeDelta::hours(1) })).await.ok();
    // Without overlap the old secret is gone as soon as the news is heard.
    let at_once = format!("{}/rotate", path_of(&rotated));
    owner.post(at_once, &json!({ "overlap_hours": 0 })).await.ok();
    for _ in 0..100 {
        if next.get("store").await.status() == 401 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    next.get("store").await.refused(401, "identity.unauthorized");
}

/// Who may write keys but not orders would else read the secret of one that may.
#[tokio::test]
async fn nobody_rotates_or_changes_a_key_that_may_what_they_may_not() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let role = json!({ "name": "Keys", "permissions": ["read_keys", "write_keys"] });
    let role = world.vendor(&ada).post("roles", &role).await.ok();
    let narrow = world.colleague(&world.employ(&ada, "kim", role["id"].as_str().unwrap()).await);
    let wide =
        json!({ "name": "Orders", "kind": "secret", "scopes": ["read_orders"], "expires_at": world.clock.now() + TimeDelta::days(1) });
    let (wide, _) = made(&world, &ada, wide).await;
    let path = path_of(&wide);
    narrow.post(format!("{path}/rotate"), &json!({ "overlap_hours": 1 })).await.refused(403, "identity.permission_not_yours");
    narrow.patch(&path, &json!({ "expires_at": null })).await.refused(403, "identity.permission_not_yours");
    assert_eq!(narrow.delete(&path).await.status(), 204, "a leaked key is anybody's to end who may write keys");
}

/// What a leaked key had made, or had put in its own place, would outlive its end.
#[tokio::test]
async fn t052_a_key_makes_no_keys() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let everything = world.anybody("/vendor/v1").with_token(&ada.secret_key);
    let (mine, program) = made(&world, &ada, json!({ "name": "Keys", "kind": "secret", "scopes": ["read_keys", "write_keys"] })).await;
    let another = json!({ "name": "More", "kind": "secret", "scopes": ["read_keys"] });
    for caller in [&everything, &program] {
        caller.post("keys", &another).await.refused(403, "identity.accounts_only");
        caller.post(format!("{}/rotate", path_of(&mine)), &json!({ "overlap_hours": 1 })).await.refused(403, "identity.accounts_only");
        caller.patch(path_of(&mine), &json!({ "expires_at": null })).await.refused(403, "identity.accounts_only");
    }
    // Nor somebody who would make them.
    for beyond in ["write_keys", "write_team", "write_identity_providers"] {
        let role = json!({ "name": beyond, "permissions": ["read_orders", beyond] });
        everything.post("roles", &role).await.refused(403, "identity.permission_not_yours");
    }
    let role = world.vendor(&ada).post("roles", &json!({ "name": "Keys", "permissions": ["read_keys", "write_keys"] })).await.ok();
    let invited = json!({ "email": "mine@example.com", "role": role["id"] });
    everything.post("invitations", &invited).await.refused(403, "identity.permission_not_yours");
    assert_eq!(world.vendor(&ada).get("keys").await.ok()["data"].as_array().map(Vec::len), Some(3), "two of the store's, and this one");
}

#[tokio::test]
async fn of_several_rotations_at_once_one_makes_a_key() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let owner = world.vendor(&ada);
    let (key, _) = made(&world, &ada, reading(None)).await;
    let path = format!("{}/rotate", path_of(&key));
    let request = json!({ "overlap_hours": 1 });
    let answers = join_all((0..6).map(|_| owner.post(&path, &request))).await;
    let made = answers.iter().filter(|answer| answer.status() == 201).count();
    assert_eq!(made, 1);
    for answer in answers.iter().filter(|answer| answer.status() != 201) {
        answer.refused(409, "identity.key_replaced");
    }
    assert_eq!(
        owner.get("keys").await.ok()["data"].as_array().map(Vec::len),
        Some(4),
        "two of the store's opening, one, and its successor"
    );
}

#[tokio::test]
async fn a_use_is_told_later_and_costs_its_request_nothing() {
    let mut world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    world.leave_facts();
    let owner = world.vendor(&ada);
    let (key, till) = made(&world, &ada, reading(None)).await;
    let (unused, _) = made(&world, &ada, reading(None)).await;
    till.get("store").await.ok();
    let (statements, _) = world.count_statements(till.get("store")).await;
    assert!(statements <= 2, "BEGIN and the settings: {statements}");
    world.anybody("/vendor/v1").with_token(&bob.secret_key).get("store").await.ok();
    assert_eq!(owner.get(path_of(&key)).await.ok()["last_used_at"], Value::Null);
    let (statements, saved) = world.count_statements(world.state.key_uses.save(&world.state.database.platform())).await;
    saved.expect("saved");
    assert!(statements <= 3, "one statement for the keys of both stores: {statements}");
    let used: DateTime<Utc> = owner.get(path_of(&key)).await.ok()["last_used_at"].as_str().expect("a use").parse().unwrap();
    assert_eq!(used.timestamp() % 60, 0, "to the minute");
    assert!(world.clock.now() - used < TimeDelta::minutes(2));
    assert_eq!(owner.get(path_of(&unused)).await.ok()["last_used_at"], Value::Null);
    assert_eq!(owner.get(path_of(&key)).await.ok()["version"], 1, "a key that is used was not changed");
    let (statements, _) = world.count_statements(world.state.key_uses.save(&world.state.database.platform())).await;
    assert_eq!(statements, 0, "nothing was noted since");
}

/// No credential in an address, and nothing out of nothing.
#[tokio::test]
async fn t052_a_key_opens_what_it_names_and_from_the_header_alone() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let anybody = world.anybody("/vendor/v1");
    for query in ["key", "api_key", "access_token", "authorization", "token"] {
        anybody.get(format!("store?{query}={}", ada.secret_key)).await.refused(401, "identity.unauthorized");
    }
    let shopper = world.anybody("/storefront/v1");
    let by_query = shopper.get(format!("store?stoa-publishable-key={}", ada.publishable_key)).await;
    by_query.refused(404, "tenancy.store_unknown");
    shopper.with("stoa-publishable-key", &ada.secret_key).get("store").await.refused(401, "identity.key_unknown");
    anybody.with_token(&ada.publishable_key).get("store").await.refused(401, "identity.unauthorized");
    anybody.get("store").await.refused(401, "identity.unauthorized");
    // A scope that this release does not know, and none at all: neither is "all".
    for scopes in ["'{read_everything}'", "'{*}'", "'{}'"] {
        let (key, till) = made(&world, &ada, reading(None)).await;
        let id: tenancy::ApiKeyId = key["id"].as_str().unwrap().parse().unwrap();
        let change = format!("UPDATE api_keys SET scopes = {scopes} WHERE id = '{}'", id.uuid());
        execute(&mut world.superuser().await, &change).await;
        till.get("store").await.refused(403, "identity.permission_missing");
        till.patch("store", &json!({ "name": "Mine" })).await.refused(403, "identity.permission_missing");
    }
}

/// One idempotency key, sent by two stores and by two keys of one store, names four intents.
#[tokio::test]
async fn t021_an_idempotency_key_is_its_senders_own() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let mug = tests::a_product().stocked(20).create(&world, &ada).await;
    let cup = tests::a_product().stocked(20).create(&world, &bob).await;
    let order = tests::Guest::of(&world, &ada).buy(&mug, 4).await;
    let theirs = tests::Guest::of(&world, &bob).buy(&cup, 4).await;
    world.run_jobs().await;
    let scopes = json!(["read_orders", "write_orders"]);
    let (_, first) = made(&world, &ada, json!({ "name": "One", "kind": "secret", "scopes": scopes })).await;
    let (_, second) = made(&world, &ada, json!({ "name": "Two", "kind": "secret", "scopes": scopes })).await;
    let total = |order: &Value| order["total"]["amount"].as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
    let paths = [order, theirs].map(|order| (format!("orders/{}/fulfillments", order["id"].as_str().unwrap()), total(&order)));
    let send = json!({ "carrier": "DHL" });
    first.with_key("same").post(&paths[0].0, &send).await.ok();
    let again = first.with_key("same").post(&paths[0].0, &send).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let other = second.with_key("same").post(&paths[0].0, &send).await;
    assert_eq!((other.status(), other.header("idempotent-replayed")), (409, None), "its own intent: and nothing is left to send");
    let there = world.vendor(&bob).with_key("same").post(&paths[1].0, &send).await;
    assert_eq!((there.status(), there.header("idempotent-replayed")), (201, None));
    world.run_jobs().await;
}
