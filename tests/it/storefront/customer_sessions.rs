//! Staying signed in, and being signed out: on this device, on all others, and where somebody has stolen a token.

use std::{collections::BTreeSet, time::Duration};

use futures::future::{join, join_all};
use serde_json::{Value, json};
use tests::{
    Customer, World,
    customer::{PASSWORD, try_sign_in},
    database::{execute, texts},
};

const GRACE: &str = "grace@shopper.example";

fn refresh_token(reply: &Value) -> Value {
    json!({ "refresh_token": reply["refresh_token"].as_str().expect("a refresh token") })
}

#[tokio::test]
async fn t036_a_refresh_in_many_tabs_has_one_successor_and_a_late_one_ends_the_session() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let grace = Customer::register(&world, &ada, GRACE).await;
    let shopper = world.shopper(&ada);
    let stolen = json!({ "refresh_token": grace.refresh_token });
    let replies = join_all((0..10).map(|_| shopper.post("customer/refresh", &stolen))).await;
    let successors: BTreeSet<String> = replies.iter().map(|reply| refresh_token(&reply.ok()).to_string()).collect();
    assert_eq!(successors.len(), 1, "a repeated refresh within the grace gives the same successor");
    let mut superuser = world.superuser().await;
    let tips = "SELECT count(*)::text FROM customer_refresh_tokens WHERE used_at IS NULL AND revoked_at IS NULL GROUP BY family_id";
    assert_eq!(texts(&mut superuser, tips).await, ["1"], "one live tip");

    execute(&mut superuser, "UPDATE customer_refresh_tokens SET used_at = used_at - interval '11 seconds'").await;
    shopper.post("customer/refresh", &stolen).await.refused(401, "identity.session_ended");
    let tip: Value = successors.iter().next().unwrap().parse().unwrap();
    shopper.post("customer/refresh", &tip).await.refused(401, "identity.session_ended");
}

/// A refresh that is on its way when the session ends leaves nothing alive.
#[tokio::test]
async fn a_session_that_ends_during_a_refresh_has_ended() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let shopper = world.shopper(&ada);
    let keeps = Customer::register(&world, &ada, GRACE).await;
    for round in 0..6 {
        let tokens = try_sign_in(&world, &ada, (GRACE, PASSWORD), None).await.ok();
        let token = refresh_token(&tokens);
        let (renewed, ended) = if round % 2 == 0 {
            join(shopper.post("customer/refresh", &token), shopper.post("customer/sign-out", &token)).await
        } else {
            join(shopper.post("customer/refresh", &token), keeps.caller.delete("customer/sessions")).await
        };
        assert_eq!(ended.status(), 204);
        if renewed.status() == 200 {
            shopper.post("customer/refresh", &refresh_token(&renewed.json())).await.refused(401, "identity.session_ended");
        }
    }
    assert_eq!(keeps.caller.get("customer/sessions").await.ok()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_own_customer() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let grace = Customer::register(&world, &ada, GRACE).await;
    let phone = Customer::sign_in(&world, &ada, GRACE).await;
    let mary = Customer::register(&world, &ada, "mary@shopper.example").await;
    let listed = grace.caller.get("customer/sessions").await.ok();
    let sessions = listed["data"].as_array().unwrap();
    assert_eq!((sessions.len(), &sessions[0]["user_agent"]), (2, &json!("Firefox on a test")));
    assert_eq!(sessions.iter().map(|session| session["is_current"].as_bool().unwrap()).collect::<Vec<_>>(), [false, true]);
    let path = format!("customer/sessions/{}", sessions[0]["id"].as_str().unwrap());
    mary.caller.delete(&path).await.refused(404, "identity.session_not_found");
    phone.caller.get("customer").await.ok();
    assert_eq!(grace.caller.delete(&path).await.status(), 204);
    phone.caller.get("customer").await.refused(401, "identity.unauthorized");
    grace.caller.delete(&path).await.refused(404, "identity.session_not_found");
    world.run_jobs().await;
}

#[tokio::test]
async fn t037_a_new_password_ends_the_other_sessions() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let grace = Customer::register(&world, &ada, GRACE).await;
    let phone = Customer::sign_in(&world, &ada, GRACE).await;
    let wrong = json!({ "current_password": "not this one", "password": "a better password" });
    let problem = grace.caller.post("customer/password", &wrong).await.refused(422, "identity.wrong_password");
    assert_eq!(problem["errors"][0]["pointer"], "/current_password");
    let change = |password: &str| json!({ "current_password": PASSWORD, "password": password });
    grace.caller.post("customer/password", &change(GRACE)).await.refused(422, "identity.unfit_password");
    let bodies: Vec<Value> = (0..4).map(|number| change(&format!("password number {number}"))).collect();
    let answers = join_all(bodies.iter().map(|body| grace.caller.post("customer/password", body))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status() == 204).count(), 1, "the old one is replaced once");
    grace.caller.get("customer").await.ok();
    phone.caller.get("customer").await.refused(401, "identity.unauthorized");
    try_sign_in(&world, &ada, (GRACE, PASSWORD), None).await.refused(401, "identity.wrong_credentials");
    world.run_jobs().await;
    assert!(world.mailbox.to(GRACE).last().unwrap().text.contains("Every other session has ended"));
}

/// A process that has seen a session knows of its end within the time that it keeps what it has seen.
#[tokio::test]
async fn t037_every_process_hears_of_a_sign_out() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let grace = Customer::register(&world, &ada, GRACE).await;
    let sibling = world.sibling_with(|tuning| tuning.session_cached_for = Duration::from_millis(300)).await;
    let elsewhere = grace.caller.at(&sibling);
    elsewhere.get("customer").await.ok();
    world.shopper(&ada).post("customer/sign-out", &json!({ "refresh_token": grace.refresh_token })).await.ok();
    grace.caller.get("customer").await.refused(401, "identity.unauthorized");
    tokio::time::sleep(Duration::from_millis(350)).await;
    elsewhere.get("customer").await.refused(401, "identity.unauthorized");
    assert_eq!(api::config::Tuning::default().session_cached_for, Duration::from_secs(30));
    assert!(api::config::Tuning::default().access_token_for <= Duration::from_mins(10));
}

#[tokio::test]
async fn what_is_past_its_time_is_deleted_store_by_store() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    Customer::register(&world, &ada, GRACE).await;
    Customer::register(&world, &bob, GRACE).await;
    world.run_jobs().await;
    let mut superuser = world.superuser().await;
    for table in ["customer_codes", "customer_refresh_tokens"] {
        let age = format!("UPDATE {table} SET expires_at = now() - interval '8 days' WHERE tenant_id = '{}'", ada.id.uuid());
        execute(&mut superuser, &age).await;
    }
    let platform = world.state.database.platform().begin().await.unwrap();
    assert_eq!(commerce::customers::tenants_to_prune(&platform).await.unwrap(), [ada.id]);
    drop(platform);
    let tx = world.begin(&ada).await;
    assert!(!commerce::customers::prune(&tx).await.unwrap(), "nothing is left to do");
    tx.commit().await.unwrap();
    for table in ["customer_codes", "customer_refresh_tokens"] {
        let left = texts(&mut superuser, &format!("SELECT tenant_id::text FROM {table}")).await;
        assert_eq!(left, [bob.id.uuid().to_string()], "{table}");
    }
}
