//! Opening a store: all of it or nothing.

use serde_json::{Value, json};
use tests::World;

fn a_store(slug: &str) -> Value {
    json!({
        "email": "ada@example.com", "password": "a long password", "owner_name": "Ada", "slug": slug, "name": "Ada's mugs",
        "currency": "EUR", "currencies": ["USD"], "country": "DE", "time_zone": "Europe/Berlin", "prices_include_tax": true,
    })
}

fn with(slug: &str, field: &str, value: Value) -> Value {
    let mut store = a_store(slug);
    store[field] = value;
    store
}

#[tokio::test]
async fn an_opened_store_can_sell() {
    let world = World::new().await;
    let anybody = world.anybody("/vendor/v1");
    let reply = anybody.post("stores", &a_store("ada")).await;
    assert_eq!((reply.status(), reply.header("location")), (201, Some("/vendor/v1/store")));
    let opened = reply.ok();
    assert_eq!(opened["storefront_url"], "http://ada.stoa.test");
    assert_eq!(opened["store"]["currencies"], json!(["EUR", "USD"]));
    for credential in ["access_token", "secret_key"] {
        let vendor = anybody.with_token(opened[credential].as_str().expect("a credential"));
        assert_eq!(vendor.get("store").await.ok()["slug"], "ada", "{credential}");
    }
    let mut behind = world.superuser().await;
    let made = tests::database::texts(
        &mut behind,
        "SELECT 'location' FROM locations WHERE is_default UNION ALL SELECT 'tax ' || percent FROM tax_rates
         UNION ALL SELECT 'shipping' FROM shipping_methods UNION ALL SELECT 'counted ' || last_number FROM order_counters
         UNION ALL SELECT 'owner' FROM memberships WHERE role = 'owner' UNION ALL SELECT code FROM facts ORDER BY 1",
    )
    .await;
    assert_eq!(made, ["counted 1000", "location", "owner", "shipping", "stores.opened", "tax 19.0000"]);
    world.run_jobs().await;
}

#[tokio::test]
async fn a_name_is_taken_once_and_a_refused_store_leaves_nothing() {
    let mut world = World::new().await;
    let anybody = world.anybody("/vendor/v1");
    anybody.post("stores", &a_store("ada")).await.ok();
    world.leave_facts();
    let again = with("ada", "email", json!("bob@example.com"));
    anybody.post("stores", &again).await.refused(409, "stores.slug_taken");
    let mut behind = world.superuser().await;
    let accounts = tests::database::texts(&mut behind, "SELECT email FROM accounts").await;
    assert_eq!(accounts, ["ada@example.com"], "the account of a refused store is not made either");
}

#[tokio::test]
async fn an_account_opens_several_stores_with_its_own_password() {
    let mut world = World::new().await;
    let anybody = world.anybody("/vendor/v1");
    anybody.post("stores", &a_store("ada")).await.ok();
    world.leave_facts();
    let wrong = with("ada-two", "password", json!("another password"));
    anybody.post("stores", &wrong).await.refused(401, "identity.wrong_credentials");
    anybody.post("stores", &a_store("ada-two")).await.ok();
    let credentials = json!({ "email": "ADA@example.com", "password": "a long password" });
    anybody.post("auth/sign-in", &credentials).await.refused(422, "identity.several_stores");
    let mut chosen = credentials;
    chosen["store"] = json!("ada-two");
    assert_eq!(anybody.post("auth/sign-in", &chosen).await.ok()["store"], "ada-two");
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let world = World::new().await;
    let anybody = world.anybody("/vendor/v1");
    let mut wrong = a_store("WWW");
    for (field, value) in [("currency", "XXZ"), ("country", "ZZ"), ("time_zone", "Mars/Olympus"), ("owner_name", " ")] {
        wrong[field] = json!(value);
    }
    let problem = anybody.post("stores", &wrong).await.refused(422, "stores.invalid");
    let pointers: Vec<&str> = problem["errors"].as_array().expect("errors").iter().filter_map(|error| error["pointer"].as_str()).collect();
    assert_eq!(pointers, ["/slug", "/owner_name", "/currency", "/currencies/0", "/country", "/time_zone"]);
    anybody.post("stores", &with("ada", "plan", json!("plus"))).await.refused(422, "request.invalid");
    anybody.post("stores", &with("admin", "email", json!("ada@example.com"))).await.refused(422, "stores.invalid");
    anybody.post("stores", &with("ada", "password", json!("short"))).await.refused(422, "identity.unfit_password");
    anybody.post("stores", &with("ada", "email", json!("nobody"))).await.refused(422, "request.invalid");
    anybody.upload("stores", "text/plain", b"hello".to_vec()).await.refused(415, "request.unsupported_media_type");
    anybody.upload("stores", "application/json", vec![b' '; 70_000]).await.refused(413, "request.too_large");
    anybody.upload("stores", "application/json", vec![b'['; 60_000]).await.refused(400, "request.too_deep");
}
