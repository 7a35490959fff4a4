//! A store answers for people's data: how long it is kept, and who was forgotten at its word.

use commerce::checkout;
use serde_json::{Value, json};
use tests::{Customer, Guest, Store, World, a_product, canary::tables_with, database::execute};

async fn sweep(world: &World, store: &Store) -> Vec<&'static str> {
    let job =
        json!({ "tenant": null, "key": uuid::Uuid::now_v7(), "caused_at": "2026-01-01T00:00:00Z", "job": { "kind": "SweepPrivacy" } });
    let wait = format!(
        "INSERT INTO waiting_jobs (tenant_id, id, lane, kind, key, job, created_at)
         VALUES ('{}', gen_random_uuid(), 'analytics', 'SweepPrivacy', gen_random_uuid()::text, '{job}', now())",
        store.id.uuid()
    );
    execute(&mut world.superuser().await, &wait).await;
    // Orders that are made older behind the product's back make figures wrong that are counted by day.
    let drained = world.try_jobs().await;
    assert!(drained.failed.is_empty(), "{drained:?}");
    drained.done
}

#[tokio::test]
async fn a_vendor_has_a_customer_forgotten() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let grace = Customer::proved(&world, &ada, "grace@shopper.example").await;
    let id = grace.caller.get("customer").await.ok()["id"].as_str().unwrap().to_owned();
    let (owner, path) = (world.vendor(&ada), format!("customers/{id}/erasure"));
    world.vendor(&bob).act(&path).await.refused(404, "customers.not_found");
    let key = json!({ "name": "Reads", "kind": "secret", "scopes": ["read_customers"] });
    let reads = world.anybody("/vendor/v1").with_token(owner.post("keys", &key).await.ok()["secret"].as_str().unwrap());
    reads.act(&path).await.refused(403, "identity.permission_missing");
    grace.caller.get("customer").await.ok();

    let asked = owner.act(&path).await;
    assert_eq!(asked.status(), 202);
    let asked = asked.ok();
    assert_eq!((&asked["asked_by"], &asked["done_at"]), (&json!("vendor"), &Value::Null));
    assert_eq!(owner.act(&path).await.ok()["id"], asked["id"], "the same receipt");
    grace.caller.get("customer").await.refused(401, "identity.unauthorized");
    world.run_jobs().await;
    let listed = reads.get("privacy/erasures").await.ok();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
    assert!(listed["data"][0]["done_at"].is_string());
    let receipt = format!("privacy/erasures/{}", asked["id"].as_str().unwrap());
    reads.get(&receipt).await.ok();
    world.vendor(&bob).get(&receipt).await.refused(404, "privacy.erasure_not_found");
    assert_eq!(world.vendor(&bob).get("privacy/erasures").await.ok()["data"], json!([]));
    let logged = owner.get("audit?resource=erasure").await.ok();
    assert_eq!(logged["data"][0]["resource_id"], asked["id"], "who had it done is in the log");
    let mut superuser = world.superuser().await;
    assert_eq!(tables_with(&mut superuser, &["grace@shopper.example", "Grace Hopper"]).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_store_says_how_long_it_keeps_what_names_people() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let owner = world.vendor(&ada);
    let shown = owner.get("privacy").await;
    let rules = json!({ "order_contact_days": 3650, "closed_checkout_days": 90, "export_days": 7, "version": 1 });
    assert_eq!(shown.ok(), rules);
    let tag = shown.header("etag").expect("a version").to_owned();
    let changed = owner.with("if-match", &tag).patch("privacy", &json!({ "closed_checkout_days": 30 })).await.ok();
    assert_eq!((&changed["closed_checkout_days"], &changed["order_contact_days"]), (&json!(30), &json!(3650)));
    owner.with("if-match", &tag).patch("privacy", &json!({ "export_days": 1 })).await.refused(412, "request.changed_meanwhile");
    for (field, wrong) in [("order_contact_days", -1), ("order_contact_days", 36501), ("closed_checkout_days", 0), ("export_days", 31)] {
        let problem = owner.patch("privacy", &json!({ field: wrong })).await.refused(422, "request.invalid");
        assert_eq!(problem["errors"][0]["pointer"], format!("/{field}"));
    }
    assert_eq!(world.vendor(&bob).get("privacy").await.ok(), rules, "another store's are its own");
    assert_eq!(owner.get("audit?resource=privacy_rules").await.ok()["data"].as_array().map(Vec::len), Some(2), "made, and changed");
    world.run_jobs().await;
}

#[tokio::test]
async fn what_is_kept_no_longer_goes_by_itself() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let mut superuser = world.superuser().await;
    for store in [&ada, &bob] {
        let mug = a_product().stocked(9).create(&world, store).await;
        let guest = Guest::of(&world, store).with_email("keeper@shopper.example");
        let order = guest.buy(&mug, 1).await;
        let path = format!("orders/{}/fulfillments", order["id"].as_str().unwrap());
        world.vendor(store).with_key("parcel").post(&path, &json!({ "carrier": "DHL" })).await.ok();
        guest.checkout(&mug, 1).await;
    }
    world.run_jobs().await;
    assert!(!sweep(&world, &ada).await.contains(&"ApplyRetention"), "nothing is old");
    world.vendor(&ada).patch("privacy", &json!({ "order_contact_days": 30, "closed_checkout_days": 3 })).await.ok();
    execute(&mut superuser, "UPDATE checkouts SET expires_at = now() - interval '1 minute' WHERE status = 'open'").await;
    for store in [&ada, &bob] {
        let tenant = world.state.directory.by_id(store.id).await.unwrap();
        let swept = checkout::sweep(&world.db(store), &world.state.gateways, &world.clock, &tenant).await.unwrap();
        assert_eq!(swept.expired, 1);
    }
    let age =
        "UPDATE orders SET placed_at = placed_at - interval '40 days'; UPDATE checkouts SET updated_at = updated_at - interval '4 days'";
    execute(&mut superuser, age).await;
    let done = sweep(&world, &ada).await;
    assert_eq!(done.iter().filter(|kind| **kind == "ApplyRetention").count(), 1, "the other store keeps them by its own rules: {done:?}");
    let named = |table: &str, store: &Store| {
        format!("SELECT id::text FROM {table} WHERE tenant_id = '{}' AND email = 'keeper@shopper.example'", store.id.uuid())
    };
    for (store, orders, checkouts) in [(&ada, 0, 0), (&bob, 1, 2)] {
        assert_eq!(tests::database::texts(&mut superuser, &named("orders", store)).await.len(), orders, "{}", store.slug);
        assert_eq!(tests::database::texts(&mut superuser, &named("checkouts", store)).await.len(), checkouts, "{}", store.slug);
    }
    let listed = world.vendor(&ada).get("orders").await.ok();
    assert_eq!(listed["data"][0]["email"], "erased@erased.invalid");
    assert!(!sweep(&world, &ada).await.contains(&"ApplyRetention"), "once");
}
