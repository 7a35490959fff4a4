//! Signing in, staying in, signing out.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::World;

fn token<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or_else(|| panic!("no {name} in {body}"))
}

#[tokio::test]
async fn t041_a_wrong_password_and_an_unknown_address_are_answered_alike() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let anybody = world.anybody("/vendor/v1");
    let mut problems = Vec::new();
    for (email, password) in [(ada.email.as_str(), "not the password"), ("nobody@example.com", ada.password.as_str())] {
        let mut problem =
            anybody.post("auth/sign-in", &json!({ "email": email, "password": password })).await.refused(401, "identity.wrong_credentials");
        problem["request_id"] = Value::Null;
        problems.push(problem);
    }
    assert_eq!(problems[0], problems[1]);
    let signed_in = anybody.post("auth/sign-in", &json!({ "email": ada.email, "password": ada.password })).await.ok();
    assert_eq!((token(&signed_in, "store"), token(&signed_in, "role")), ("ada", "owner"));
    anybody.with_token(token(&signed_in, "access_token")).get("store").await.ok();
}

#[tokio::test]
async fn t036_a_refresh_in_many_tabs_has_one_successor() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let anybody = world.anybody("/vendor/v1");
    let signed_in = anybody.post("auth/sign-in", &json!({ "email": ada.email, "password": ada.password })).await.ok();
    let body = json!({ "refresh_token": token(&signed_in, "refresh_token") });
    let replies = join_all((0..10).map(|_| anybody.post("auth/refresh", &body))).await;
    let successors: std::collections::BTreeSet<String> =
        replies.iter().map(|reply| token(&reply.ok(), "refresh_token").to_owned()).collect();
    assert_eq!(successors.len(), 1, "a repeated refresh within the grace gives the same successor");
    let mut behind = world.superuser().await;
    let tips = "SELECT count(*)::text FROM refresh_tokens WHERE used_at IS NULL AND revoked_at IS NULL GROUP BY family_id";
    assert!(tests::database::texts(&mut behind, tips).await.iter().all(|count| count == "1"), "one live tip a family");
}

#[tokio::test]
async fn t036_a_refresh_token_used_again_later_ends_the_session() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let anybody = world.anybody("/vendor/v1");
    let signed_in = anybody.post("auth/sign-in", &json!({ "email": ada.email, "password": ada.password })).await.ok();
    let stolen = json!({ "refresh_token": token(&signed_in, "refresh_token") });
    let renewed = anybody.post("auth/refresh", &stolen).await.ok();
    let mut behind = world.superuser().await;
    tests::database::texts(&mut behind, "UPDATE refresh_tokens SET used_at = used_at - interval '11 seconds' RETURNING 'aged'").await;
    anybody.post("auth/refresh", &stolen).await.refused(401, "identity.session_ended");
    let tip = json!({ "refresh_token": token(&renewed, "refresh_token") });
    anybody.post("auth/refresh", &tip).await.refused(401, "identity.session_ended");
}

#[tokio::test]
async fn t037_after_a_sign_out_nothing_of_the_session_works() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let anybody = world.anybody("/vendor/v1");
    let signed_in = anybody.post("auth/sign-in", &json!({ "email": ada.email, "password": ada.password })).await.ok();
    let vendor = anybody.with_token(token(&signed_in, "access_token"));
    vendor.get("store").await.ok();
    let body = json!({ "refresh_token": token(&signed_in, "refresh_token") });
    assert_eq!(anybody.post("auth/sign-out", &body).await.status(), 204);
    vendor.get("store").await.refused(401, "identity.unauthorized");
    anybody.post("auth/refresh", &body).await.refused(401, "identity.session_ended");
    assert_eq!(anybody.post("auth/sign-out", &body).await.status(), 204, "signing out twice is signing out");
    world.vendor(&ada).get("store").await.ok();
}

#[tokio::test]
async fn t048_guessing_is_slowed_down() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let guess = json!({ "email": ada.email, "password": "a guess" });
    let anybody = world.anybody("/vendor/v1");
    let mut refused = None;
    for _ in 0..12 {
        let reply = anybody.post("auth/sign-in", &guess).await;
        if reply.status() == 429 {
            refused = Some(reply);
            break;
        }
        assert_eq!(reply.status(), 401);
    }
    let reply = refused.expect("the limit of one address is reached");
    let after: u64 = reply.header("retry-after").and_then(|text| text.parse().ok()).expect("Retry-After");
    assert!((1..=30).contains(&after));
    assert_eq!(reply.json()["type"], "https://iana.org/assignments/http-problem-types#quota-exceeded");
}
