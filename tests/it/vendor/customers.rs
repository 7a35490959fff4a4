//! What a vendor sees of those who buy, and what is theirs to change.

use serde_json::json;
use tests::{Customer, Guest, World, a_product, an_address};

#[tokio::test]
async fn a_vendor_sees_who_buys_and_how_much() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let owner = world.vendor(&ada);
    owner.patch("store", &json!({ "currencies": ["EUR", "USD"] })).await.ok();
    let mug = a_product().priced("19.90 EUR").priced("25.00 USD").stocked(20).create(&world, &ada).await;
    let grace = Customer::register(&world, &ada, "grace@shopper.example").await;
    Customer::register(&world, &ada, "mary@shopper.example").await;
    Customer::register(&world, &bob, "grace@shopper.example").await;
    let buyer = Guest::signed_in(&grace);
    buyer.buy(&mug, 1).await;
    let cancelled = buyer.buy(&mug, 2).await;
    let total = buyer.buy(&mug, 3).await["total"].clone();
    owner.post(format!("orders/{}/cancel", cancelled["id"].as_str().unwrap()), &json!({ "reason": "changed her mind" })).await.ok();
    grace.caller.post("customer/addresses", &json!({ "address": an_address("DE") })).await.ok();

    let listed = owner.get("customers?limit=1").await.ok();
    assert_eq!(listed["data"][0]["email"], "mary@shopper.example", "the newest first");
    let rest = owner.get(format!("customers?limit=1&after={}", listed["page"]["next"].as_str().unwrap())).await.ok();
    assert_eq!((&rest["data"][0]["email"], &rest["page"]["next"]), (&json!("grace@shopper.example"), &json!(null)));
    let found = owner.get("customers?email=GRACE@shopper.example").await.ok();
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    assert_eq!(owner.get("customers?email=nobody@shopper.example").await.ok()["data"], json!([]));
    assert_eq!(owner.get("customers?email=nobody").await.status(), 422);

    let path = format!("customers/{}", found["data"][0]["id"].as_str().unwrap());
    let (statements, shown) = world.count_statements(owner.get(&path)).await;
    let shown = shown.ok();
    assert!(statements <= 4, "BEGIN, the customer, the figures, the addresses: {statements}");
    assert_eq!((&shown["orders"], &shown["cancelled_orders"]), (&json!(3), &json!(1)));
    let first = 1990 + 490;
    let last: i64 = total["amount"].as_str().unwrap().replace('.', "").parse().unwrap();
    let sum = format!("{}.{:02}", (first + last) / 100, (first + last) % 100);
    assert_eq!(shown["totals"], json!([{ "amount": sum, "currency": "EUR" }]));
    assert_eq!(shown["addresses"][0]["address"]["country"], "DE");
    assert!(!shown.to_string().contains("argon2"));
    world.vendor(&bob).get(&path).await.refused(404, "customers.not_found");
    world.run_jobs().await;
}

#[tokio::test]
async fn a_vendor_notes_something_and_changes_nothing_else() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let grace = Customer::register(&world, &ada, "grace@shopper.example").await;
    let owner = world.vendor(&ada);
    let path = format!("customers/{}", grace.caller.get("customer").await.ok()["id"].as_str().unwrap());
    let shown = owner.get(&path).await;
    let tag = shown.header("etag").expect("a version").to_owned();
    let change = json!({ "name": "Grace B. Hopper", "note": "Wants no plastic.\nCall before sending." });
    let changed = owner.with("if-match", &tag).patch(&path, &change).await.ok();
    assert_eq!((&changed["name"], &changed["note"]), (&change["name"], &change["note"]));
    owner.with("if-match", &tag).patch(&path, &change).await.refused(412, "request.changed_meanwhile");
    let hers = grace.caller.get("customer").await;
    assert_eq!(hers.ok()["name"], "Grace B. Hopper");
    assert!(!hers.text().contains("plastic"), "the note is the store's own");
    assert_eq!(owner.patch(&path, &json!({ "note": null })).await.ok()["note"], json!(null));
    for field in ["email", "accepts_marketing", "password"] {
        let refused = owner.patch(&path, &json!({ field: "x" })).await;
        assert_eq!((refused.status(), &refused.json()["errors"][0]["pointer"]), (422, &json!(format!("/{field}"))));
    }
    world.vendor(&bob).patch(&path, &change).await.refused(404, "customers.not_found");
    let key = json!({ "name": "Reads", "kind": "secret", "scopes": ["read_customers"] });
    let reads = world.anybody("/vendor/v1").with_token(owner.post("keys", &key).await.ok()["secret"].as_str().unwrap());
    reads.get(&path).await.ok();
    reads.patch(&path, &change).await.refused(403, "identity.permission_missing");
    world.run_jobs().await;
}
