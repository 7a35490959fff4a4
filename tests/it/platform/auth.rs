//! Operators sign in apart from everybody else.

use serde_json::json;
use tests::{OPERATOR, World};

#[tokio::test]
async fn an_operator_is_no_vendor_and_a_vendor_no_operator() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let operator = world.operator().await;
    operator.get("tenants").await.ok();
    operator.get("/vendor/v1/store").await.refused(401, "identity.unauthorized");
    let platform = world.anybody("/platform/v1");
    platform.get("tenants").await.refused(401, "identity.unauthorized");
    for credential in [&ada.access_token, &ada.secret_key, &ada.publishable_key] {
        platform.with_token(credential).get("tenants").await.refused(401, "identity.unauthorized");
    }
    let owner = json!({ "email": ada.email, "password": ada.password });
    platform.post("auth/sign-in", &owner).await.refused(401, "identity.wrong_credentials");
}

#[tokio::test]
async fn a_session_is_renewed_on_its_own_side() {
    let world = World::new().await;
    let enrolled = world.add_operator(OPERATOR.0, OPERATOR.1).await;
    let platform = world.anybody("/platform/v1");
    let challenged = platform.post("auth/sign-in", &json!({ "email": OPERATOR.0, "password": OPERATOR.1 })).await.ok();
    let code = world.authenticator(&enrolled.secret.base32()).code();
    let signed_in = platform.post("auth/second-factor", &json!({ "challenge": challenged["challenge"], "code": code })).await.ok();
    let token = json!({ "refresh_token": signed_in["refresh_token"] });
    world.anybody("/vendor/v1").post("auth/refresh", &token).await.refused(401, "identity.session_ended");
    let renewed = platform.post("auth/refresh", &token).await.ok();
    let operator = platform.with_token(renewed["access_token"].as_str().expect("an access token"));
    operator.get("tenants").await.ok();
    let last = json!({ "refresh_token": renewed["refresh_token"] });
    assert_eq!(platform.post("auth/sign-out", &last).await.status(), 204);
    operator.get("tenants").await.refused(401, "identity.unauthorized");
}
