//! Operators: none signs in without a second factor, and one who is shut out is out.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use commerce::identity::{operators, second_factors::totp::Secret};
use serde_json::{Value, json};
use tests::{Authenticator, Caller, OPERATOR, Reply, World, database::texts};

async fn challenge(world: &World, (email, password): (&str, &str)) -> Value {
    world.anybody("/platform/v1").post("auth/sign-in", &json!({ "email": email, "password": password })).await.ok()["challenge"].clone()
}

async fn answer(world: &World, challenge: &Value, code: &str) -> Reply {
    world.anybody("/platform/v1").post("auth/second-factor", &json!({ "challenge": challenge, "code": code })).await
}

fn signed_in(world: &World, reply: &Reply) -> Caller {
    world.anybody("/platform/v1").with_token(reply.ok()["access_token"].as_str().expect("an access token"))
}

/// An operator on a clock that stands still.
async fn enrolled() -> (World, Authenticator, Vec<String>) {
    let world = World::at("2026-03-01T12:00:00Z").await;
    let enrolled = world.add_operator(OPERATOR.0, OPERATOR.1).await;
    let authenticator = world.authenticator(&enrolled.secret.base32());
    (world, authenticator, enrolled.recovery_codes)
}

#[tokio::test]
async fn t051_a_password_alone_opens_nothing() {
    let (world, authenticator, recovery_codes) = enrolled().await;
    let platform = world.anybody("/platform/v1");
    let first = platform.post("auth/sign-in", &json!({ "email": OPERATOR.0, "password": OPERATOR.1 })).await.ok();
    assert_eq!(first.as_object().map(|body| body.keys().cloned().collect::<Vec<_>>()), Some(vec!["challenge".to_owned()]));
    let wrong = json!({ "email": OPERATOR.0, "password": "not the password" });
    platform.post("auth/sign-in", &wrong).await.refused(401, "identity.wrong_credentials");

    let challenge = &first["challenge"];
    answer(&world, challenge, &authenticator.wrong_code()).await.refused(422, "identity.wrong_code");
    let vendors = world.anybody("/vendor/v1");
    let elsewhere = json!({ "challenge": challenge, "code": authenticator.code() });
    vendors.post("auth/second-factor", &elsewhere).await.refused(401, "identity.challenge_ended");
    signed_in(&world, &answer(&world, challenge, &authenticator.code()).await).get("tenants").await.ok();
    answer(&world, challenge, &authenticator.code_of(1)).await.refused(401, "identity.challenge_ended");

    let again = self::challenge(&world, OPERATOR).await;
    answer(&world, &again, &authenticator.code()).await.refused(422, "identity.wrong_code");
    assert_eq!(answer(&world, &again, &recovery_codes[0]).await.ok()["recovery_codes_left"], 9);
}

/// One who was made before there were second factors cannot sign in until the command line gives them one.
#[tokio::test]
async fn who_has_no_second_factor_stays_outside() {
    let (world, authenticator, _) = enrolled().await;
    texts(&mut world.superuser().await, "DELETE FROM second_factors RETURNING 'gone'").await;
    texts(&mut world.superuser().await, "DELETE FROM recovery_codes RETURNING 'gone'").await;
    let challenge = challenge(&world, OPERATOR).await;
    for code in [authenticator.code(), "000000".to_owned(), "0000-0000-0000-0000".to_owned()] {
        answer(&world, &challenge, &code).await.refused(422, "identity.wrong_code");
    }
}

#[tokio::test]
async fn a_new_authenticator_ends_the_old_one_and_every_session() {
    let (world, old, codes) = enrolled().await;
    let operator = signed_in(&world, &answer(&world, &challenge(&world, OPERATOR).await, &old.code()).await);
    let tx = world.state.database.platform().begin().await.unwrap();
    let new = operators::reset_factor(&tx, world.state.means(), &OPERATOR.0.parse().unwrap(), Secret::draw()).await.unwrap();
    tx.commit().await.unwrap();
    operator.get("tenants").await.refused(401, "identity.unauthorized");
    let waiting = challenge(&world, OPERATOR).await;
    for gone in [&old.code_of(1), &codes[0]] {
        answer(&world, &waiting, gone).await.refused(422, "identity.wrong_code");
    }
    answer(&world, &waiting, &world.authenticator(&new.secret.base32()).code()).await.ok();
}

#[tokio::test]
async fn t037_one_who_is_disabled_is_out_in_every_process() {
    let (world, authenticator, _) = enrolled().await;
    let sibling = world.sibling_with(|tuning| tuning.session_cached_for = Duration::from_secs(1)).await;
    let reply = answer(&world, &challenge(&world, OPERATOR).await, &authenticator.code()).await;
    let elsewhere = signed_in(&world, &reply).at(&sibling);
    elsewhere.get("tenants").await.ok();
    world.clock.advance(TimeDelta::seconds(30));
    let half_way = challenge(&world, OPERATOR).await;

    let tx = world.state.database.platform().begin().await.unwrap();
    operators::disable(&tx, &world.clock, &OPERATOR.0.parse().unwrap()).await.unwrap();
    tx.commit().await.unwrap();
    let begun = Instant::now();
    while elsewhere.get("tenants").await.status() == 200 {
        assert!(begun.elapsed() < Duration::from_secs(4), "another process still lets them in");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let platform = world.anybody("/platform/v1");
    platform.post("auth/refresh", &json!({ "refresh_token": reply.ok()["refresh_token"] })).await.refused(401, "identity.session_ended");
    answer(&world, &half_way, &authenticator.code()).await.refused(401, "identity.challenge_ended");
    let credentials = json!({ "email": OPERATOR.0, "password": OPERATOR.1 });
    platform.post("auth/sign-in", &credentials).await.refused(401, "identity.wrong_credentials");

    let again = world.add_operator(OPERATOR.0, OPERATOR.1).await;
    answer(&world, &challenge(&world, OPERATOR).await, &world.authenticator(&again.secret.base32()).code()).await.ok();
}

#[tokio::test]
async fn an_operator_looks_after_their_own_account() {
    let (world, authenticator, codes) = enrolled().await;
    let other = signed_in(&world, &answer(&world, &challenge(&world, OPERATOR).await, &codes[0]).await);
    let operator = signed_in(&world, &answer(&world, &challenge(&world, OPERATOR).await, &authenticator.code()).await);
    assert_eq!(operator.get("account").await.ok()["email"], OPERATOR.0);
    let sessions = operator.get("account/sessions").await.ok();
    assert_eq!(sessions["data"].as_array().map(Vec::len), Some(2));

    let change = |code: &str| json!({ "current_password": OPERATOR.1, "code": code, "password": "a better password" });
    operator.post("account/password", &change(&authenticator.code())).await.refused(422, "identity.wrong_code");
    world.clock.advance(TimeDelta::seconds(30));
    assert_eq!(operator.post("account/password", &change(&authenticator.code())).await.status(), 204);
    other.get("account").await.refused(401, "identity.unauthorized");
    let credentials = json!({ "email": OPERATOR.0, "password": OPERATOR.1 });
    world.anybody("/platform/v1").post("auth/sign-in", &credentials).await.refused(401, "identity.wrong_credentials");

    let third = signed_in(&world, &answer(&world, &challenge(&world, (OPERATOR.0, "a better password")).await, &codes[1]).await);
    assert_eq!(operator.delete("account/sessions").await.status(), 204);
    third.get("account").await.refused(401, "identity.unauthorized");
    let mine = operator.get("account/sessions").await.ok()["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(operator.delete(format!("account/sessions/{mine}")).await.status(), 204);
    operator.get("account").await.refused(401, "identity.unauthorized");
}
