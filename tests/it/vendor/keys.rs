//! Keys: shown once, scoped, gone at once.

use serde_json::json;
use tests::World;

#[tokio::test]
async fn a_key_may_do_what_its_scopes_say() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let owner = world.vendor(&ada);
    let made = owner.post("keys", &json!({ "name": "Till", "kind": "secret", "scopes": ["read_settings"] })).await;
    assert_eq!(made.status(), 201);
    let made = made.ok();
    let secret = made["secret"].as_str().expect("the secret, once");
    let hint = made["hint"].as_str().expect("a hint");
    assert!(hint.starts_with("sk_") && secret.ends_with(hint.trim_start_matches("sk_…")));
    let till = world.anybody("/vendor/v1").with_token(secret);
    till.get("store").await.ok();
    let problem = till.patch("store", &json!({ "name": "Mine now" })).await.refused(403, "identity.permission_missing");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("write_settings")));
    till.get("keys").await.refused(403, "identity.permission_missing");
    let listed = owner.get("keys").await.ok();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(3));
    assert!(!listed.to_string().contains(secret), "nobody reads a secret again");
}

#[tokio::test]
async fn nobody_grants_what_they_lack() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let owner = world.vendor(&ada);
    let role = owner.post("roles", &json!({ "name": "Keys", "permissions": ["write_keys"] })).await.ok();
    let narrow = world.colleague(&world.employ(&ada, "kim", role["id"].as_str().expect("an id")).await);
    let wider = json!({ "name": "Wider", "kind": "secret", "scopes": ["write_keys", "read_orders"] });
    narrow.post("keys", &wider).await.refused(403, "identity.permission_not_yours");
    for unfit in [json!({ "name": "x", "kind": "secret" }), json!({ "name": "x", "kind": "publishable", "scopes": ["read_orders"] })] {
        owner.post("keys", &unfit).await.refused(422, "identity.scopes_do_not_fit");
    }
    let unknown = owner.post("keys", &json!({ "name": "x", "kind": "secret", "scopes": ["read_orders", "all"] })).await;
    assert_eq!(unknown.refused(422, "request.invalid")["errors"][0]["pointer"], "/scopes/1");
}

#[tokio::test]
async fn a_revoked_key_is_refused_everywhere() {
    let mut world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    world.leave_facts();
    let owner = world.vendor(&ada);
    let made = owner.post("keys", &json!({ "name": "Till", "kind": "secret", "scopes": ["read_settings"] })).await.ok();
    let till = world.anybody("/vendor/v1").with_token(made["secret"].as_str().expect("a secret"));
    till.get("store").await.ok();
    let path = format!("keys/{}", made["id"].as_str().expect("an id"));
    world.vendor(&bob).delete(&path).await.refused(404, "identity.key_not_found");
    till.get("store").await.ok();
    assert_eq!(owner.delete(&path).await.status(), 204);
    assert_eq!(owner.delete(&path).await.status(), 204);
    // The news travels by NOTIFY: soon, and not by waiting for a cache to run out.
    for _ in 0..100 {
        if till.get("store").await.status() == 401 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    till.get("store").await.refused(401, "identity.unauthorized");
    owner.delete("keys/prod_01h2xcejqtf2nbrexx3vqjhp41").await.refused(404, "request.not_found");
}

#[tokio::test]
async fn pages_of_keys_meet_without_gap_or_overlap() {
    let mut world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    world.leave_facts();
    let owner = world.vendor(&ada);
    for number in 0..3 {
        owner.post("keys", &json!({ "name": format!("Key {number}"), "kind": "publishable" })).await.ok();
    }
    let (mut names, mut next) = (Vec::new(), None::<String>);
    loop {
        let after = next.map(|cursor| format!("&after={cursor}")).unwrap_or_default();
        let page = owner.get(format!("keys?limit=2{after}")).await.ok();
        let data = page["data"].as_array().expect("data").clone();
        names.extend(data.iter().filter_map(|key| key["name"].as_str().map(str::to_owned)));
        next = page["page"]["next"].as_str().map(str::to_owned);
        if let Some(cursor) = &next {
            let foreign = world.vendor(&bob).get(format!("keys?after={cursor}")).await;
            assert_eq!(foreign.status(), 422, "a cursor is worth nothing in another store");
        } else {
            break;
        }
    }
    assert_eq!(names.len(), 5, "{names:?}");
    assert_eq!(&names[..3], ["Key 2", "Key 1", "Key 0"]);
    for wrong in ["limit=0", "limit=101", "limit=x", "after=nonsense", "offset=3"] {
        owner
            .get(format!("keys?{wrong}"))
            .await
            .refused(422, if wrong.starts_with("after") { "page.cursor_invalid" } else { "request.invalid" });
    }
}
