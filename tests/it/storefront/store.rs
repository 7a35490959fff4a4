//! Which store is meant, and what a storefront may learn of it.

use tests::World;

#[tokio::test]
async fn a_host_name_or_a_publishable_key_names_the_store() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let by_host = world.shopper(&ada).get("store").await.ok();
    assert_eq!(by_host["slug"], "ada");
    assert_eq!(by_host["currency"], "EUR");
    assert!(by_host.get("contact_email").is_none(), "what shoppers need, and no more");
    let by_key = world.anybody("/storefront/v1").with("stoa-publishable-key", &ada.publishable_key).get("store").await.ok();
    assert_eq!(by_key, by_host);
}

#[tokio::test]
async fn a_host_and_a_key_of_two_stores_are_refused() {
    let mut world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    world.leave_facts();
    let mixed = world.shopper(&ada).with("stoa-publishable-key", &bob.publishable_key);
    mixed.get("store").await.refused(403, "tenancy.tenant_mismatch");
    let shop = world.anybody("/storefront/v1");
    shop.get("store").await.refused(404, "tenancy.store_unknown");
    shop.on_host("nobody.stoa.test").get("store").await.refused(404, "tenancy.store_unknown");
    let secret = shop.with("stoa-publishable-key", &ada.secret_key);
    secret.get("store").await.refused(401, "identity.key_unknown");
    let forwarded = shop.with("x-forwarded-host", &ada.host()).with("x-tenant-id", &ada.id.to_string());
    forwarded.get("store").await.refused(404, "tenancy.store_unknown");
}

#[tokio::test]
async fn what_a_shopper_has_is_not_sent_again() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let shopper = world.shopper(&ada);
    let first = shopper.get("store").await;
    let tag = first.header("etag").expect("a validator").to_owned();
    let again = shopper.with("if-none-match", &format!("\"other\", W/{tag}")).get("store").await;
    assert_eq!((again.status(), again.text().as_str()), (304, ""));
    assert_eq!(again.header("etag"), Some(tag.as_str()));
    assert_eq!(shopper.with("if-none-match", "\"other\"").get("store").await.status(), 200);
}

#[tokio::test]
async fn refusals_of_the_framework_are_problems_too() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let shopper = world.shopper(&ada);
    let problem = shopper.get("nothing/here").await.refused(404, "request.no_such_route");
    assert!(problem["request_id"].as_str().is_some_and(|id| id.starts_with("req_")));
    shopper.delete("store").await.refused(405, "request.method_not_allowed");
    let reply = shopper.with("x-request-id", "mine").get("store").await;
    assert_ne!(reply.header("x-request-id"), Some("mine"), "a request id is ours");
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    assert!(reply.header("ratelimit").is_some_and(|limit| limit.starts_with("\"storefront-reads\";r=")));
}
