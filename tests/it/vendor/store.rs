//! A store's settings.

use serde_json::json;
use tests::World;

#[tokio::test]
async fn an_edit_names_what_it_saw() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let owner = world.vendor(&ada);
    let shown = owner.get("store").await;
    assert_eq!(shown.header("etag"), Some("\"1\""));
    let renamed = owner.with("if-match", "\"1\"").patch("store", &json!({ "name": "Mugs & more", "currencies": ["USD"] })).await;
    assert_eq!(renamed.header("etag"), Some("\"2\""));
    assert_eq!(renamed.ok()["currencies"], json!(["EUR", "USD"]), "the main currency stays one of them");
    let late = owner.with("if-match", "\"1\"").patch("store", &json!({ "name": "Late" })).await;
    assert_eq!(late.status(), 412);
    assert_eq!(owner.patch("store", &json!({})).await.ok()["name"], "Mugs & more", "absent leaves");
    owner.patch("store", &json!({ "currency": "XXZ" })).await.refused(422, "stores.invalid");
    owner.patch("store", &json!({ "slug": "other" })).await.refused(422, "request.invalid");
    for _ in 0..100 {
        if world.shopper(&ada).get("store").await.ok()["name"] == "Mugs & more" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("shoppers never saw the new name");
}

#[tokio::test]
async fn a_credential_is_of_one_store() {
    let mut world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    world.leave_facts();
    for credential in [&ada.access_token, &ada.secret_key] {
        let caller = world.anybody("/vendor/v1").with_token(credential);
        assert_eq!(caller.on_host(&ada.host()).get("store").await.ok()["slug"], "ada");
        caller.on_host(&bob.host()).get("store").await.refused(403, "tenancy.tenant_mismatch");
        let spoofed = caller.with("x-forwarded-host", &bob.host()).get("store").await;
        assert_eq!(spoofed.ok()["slug"], "ada", "a forwarded host is a claim, and not heard");
    }
    world.anybody("/vendor/v1").with_token(&ada.publishable_key).get("store").await.refused(401, "identity.unauthorized");
    world.anybody("/vendor/v1").get("store").await.refused(401, "identity.unauthorized");
}
