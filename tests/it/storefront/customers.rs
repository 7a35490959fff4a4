//! Customers: known to one store only, to themselves alone, and to nobody who asks whether they exist.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};
use tests::{
    Customer, World,
    customer::{PASSWORD, try_sign_in},
    database::texts,
};

const GRACE: &str = "grace@shopper.example";

#[tokio::test]
async fn a_customer_signs_in_and_proves_the_address() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let grace = Customer::register(&world, &ada, "Grace@Shopper.example").await;
    let shown = grace.caller.get("customer").await.ok();
    assert_eq!((&shown["email"], &shown["email_verified_at"], &shown["name"]), (&json!(GRACE), &Value::Null, &json!("Grace Hopper")));
    world.run_jobs().await;

    let mail = world.mailbox.to(GRACE).pop().unwrap();
    assert_eq!((mail.from_name.as_str(), mail.reply_to.as_deref()), ("ada", Some(ada.email.as_str())), "in the store's name");
    assert!(!mail.text.contains("Grace Hopper"), "an address that is not proved may be a stranger's, who is told no names");
    let code = json!({ "code": world.mailbox.code_to(GRACE) });
    world.shopper(&ada).post("customer/verify-email", &code).await.refused(401, "identity.unauthorized");
    let mary = Customer::register(&world, &ada, "mary@shopper.example").await;
    mary.caller.post("customer/verify-email", &code).await.refused(422, "identity.code_invalid");
    let other_purpose = json!({ "code": code["code"], "password": "for something else" });
    world.shopper(&ada).post("customer/reset-password/confirm", &other_purpose).await.refused(422, "identity.code_invalid");
    assert_eq!(grace.caller.post("customer/verify-email", &code).await.status(), 204);
    assert!(grace.caller.get("customer").await.ok()["email_verified_at"].is_string());
    grace.caller.post("customer/verify-email", &code).await.refused(422, "identity.code_invalid");
    grace.caller.act("customer/verification").await.refused(409, "identity.already_verified");
    assert_eq!(mary.caller.act("customer/verification").await.status(), 204);
    world.run_jobs().await;
    assert_eq!(world.mailbox.to("mary@shopper.example").len(), 2);
}

#[tokio::test]
async fn the_same_address_in_two_stores_is_two_people() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let here = Customer::register(&world, &ada, GRACE).await;
    let there = json!({ "email": GRACE, "password": "another password there", "name": "Grace at Bob's" });
    world.shopper(&bob).post("customer/register", &there).await.ok();
    try_sign_in(&world, &bob, (GRACE, PASSWORD), None).await.refused(401, "identity.wrong_credentials");
    let tokens = try_sign_in(&world, &bob, (GRACE, "another password there"), None).await.ok();
    let there = Customer::of(&world, &bob, GRACE, &tokens);
    assert_eq!(there.caller.get("customer").await.ok()["name"], "Grace at Bob's");

    // A token is worth nothing at another store: on its host, with its key, to renew or to end.
    let elsewhere = here.caller.on_host(&bob.host());
    for path in ["customer", "customer/orders", "customer/cart", "products", "store"] {
        elsewhere.get(path).await.refused(403, "tenancy.tenant_mismatch");
    }
    let by_key = here.caller.on_host(tests::HOST).with("stoa-publishable-key", &bob.publishable_key);
    by_key.get("customer").await.refused(403, "tenancy.tenant_mismatch");
    let by_own_key = here.caller.on_host(tests::HOST).with("stoa-publishable-key", &ada.publishable_key);
    by_own_key.get("customer").await.ok();
    let refresh = json!({ "refresh_token": here.refresh_token });
    world.shopper(&bob).post("customer/refresh", &refresh).await.refused(401, "identity.session_ended");
    assert_eq!(world.shopper(&bob).post("customer/sign-out", &refresh).await.status(), 204);
    here.caller.get("customer").await.ok();

    world.run_jobs().await;
    let codes = json!({ "code": world.mailbox.to(GRACE).iter().find(|mail| mail.from_name == "ada").map(|mail| code_in(&mail.text)) });
    there.caller.post("customer/verify-email", &codes).await.refused(422, "identity.code_invalid");
    here.caller.post("customer/verify-email", &codes).await.ok();
    assert_eq!(there.caller.get("customer").await.ok()["email_verified_at"], Value::Null);
    world.run_jobs().await;
}

fn code_in(text: &str) -> &str {
    text.lines().find(|line| line.starts_with("code_")).unwrap()
}

#[tokio::test]
async fn t033_a_token_of_one_audience_is_never_read_as_anothers() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let grace = Customer::register(&world, &ada, GRACE).await;
    for path in ["/vendor/v1/store", "/vendor/v1/account", "/vendor/v1/customers", "/platform/v1/tenants"] {
        grace.caller.get(path).await.refused(401, "identity.unauthorized");
    }
    let vendor = world.shopper(&ada).with_token(&ada.access_token);
    for path in ["customer", "products", "store"] {
        vendor.get(path).await.refused(401, "identity.unauthorized");
    }
    let refresh = json!({ "refresh_token": grace.refresh_token });
    world.anybody("/vendor/v1").post("auth/refresh", &refresh).await.refused(401, "identity.session_ended");
    grace.caller.get("customer").await.ok();
    world.run_jobs().await;
}

/// Whoever sends a credential does not mean to be a guest; whoever wants another one may send the old.
#[tokio::test]
async fn a_bad_credential_is_refused_where_guests_may_come() {
    let mut world = World::at("2026-03-01T12:00:00Z").await;
    let ada = world.tenant("ada").await;
    let grace = Customer::register(&world, &ada, GRACE).await;
    world.leave_facts();
    let shopper = world.shopper(&ada);
    for header in ["", "Bearer", "Bearer x", "Basic Z3JhY2U6cGFzcw==", &format!("Bearer {}", ada.secret_key)] {
        for path in ["products", "categories", "store", "customer"] {
            shopper.with("authorization", header).get(path).await.refused(401, "identity.unauthorized");
        }
        shopper.with("authorization", header).post("carts", &json!({})).await.refused(401, "identity.unauthorized");
    }
    shopper.get("products").await.ok();
    grace.caller.get("products").await.ok();
    world.clock.advance(TimeDelta::minutes(11));
    grace.caller.get("products").await.refused(401, "identity.unauthorized");
    let renewed = grace.caller.post("customer/refresh", &json!({ "refresh_token": grace.refresh_token })).await.ok();
    Customer::of(&world, &ada, GRACE, &renewed).caller.get("customer").await.ok();
}

/// The answer and its time are the same whether the address has an account; the mail tells it to who reads it.
#[tokio::test]
async fn t041_nobody_is_told_who_has_an_account() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let grace = Customer::proved(&world, &ada, GRACE).await;
    let shopper = world.shopper(&ada);
    let register = |email: &str| json!({ "email": email, "password": "the password of a thief", "name": "Thief" });
    let (known, unknown) = (
        shopper.post("customer/register", &register(GRACE)).await,
        shopper.post("customer/register", &register("nobody@shopper.example")).await,
    );
    assert_eq!((known.status(), known.text()), (204, String::new()));
    assert_eq!((unknown.status(), unknown.text()), (204, String::new()));
    let mut took = [Vec::new(), Vec::new()];
    for _ in 0..3 {
        for (kind, email) in [GRACE, "stranger@shopper.example"].into_iter().enumerate() {
            let asked_at = Instant::now();
            assert_eq!(shopper.post("customer/reset-password", &json!({ "email": email })).await.status(), 204);
            took[kind].push(asked_at.elapsed());
        }
    }
    assert!(took.iter().flatten().all(|took| *took >= Duration::from_millis(99)), "answered when due: {took:?}");
    let mut problems =
        [(GRACE, "a wrong password"), ("nobody.else@shopper.example", PASSWORD)].map(|credentials| (credentials, Value::Null));
    for (credentials, problem) in &mut problems {
        *problem = try_sign_in(&world, &ada, *credentials, None).await.refused(401, "identity.wrong_credentials");
        problem["request_id"] = Value::Null;
    }
    assert_eq!(problems[0].1, problems[1].1);

    world.run_jobs().await;
    assert!(world.mailbox.to("stranger@shopper.example").is_empty());
    let told: Vec<_> = world.mailbox.to(GRACE).into_iter().filter(|mail| mail.subject.starts_with("You have an account already")).collect();
    assert_eq!(told.len(), 1);
    assert_eq!(grace.caller.get("customer").await.ok()["name"], "Grace Hopper", "nothing of hers has changed");
    try_sign_in(&world, &ada, (GRACE, "the password of a thief"), None).await.refused(401, "identity.wrong_credentials");
    try_sign_in(&world, &ada, (GRACE, PASSWORD), None).await.ok();
    let mut superuser = world.superuser().await;
    assert_eq!(texts(&mut superuser, "SELECT count(*)::text FROM customers").await, ["2"]);
}

#[tokio::test]
async fn registering_one_address_at_once_makes_one_customer() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let bodies: Vec<Value> =
        (0..8).map(|number| json!({ "email": GRACE, "password": format!("password number {number}"), "name": "Grace" })).collect();
    let shopper = world.shopper(&ada);
    for reply in join_all(bodies.iter().map(|body| shopper.post("customer/register", body))).await {
        assert_eq!(reply.status(), 204);
    }
    let mut superuser = world.superuser().await;
    assert_eq!(texts(&mut superuser, "SELECT count(*)::text FROM customers").await, ["1"]);
    world.run_jobs().await;
    let subjects: Vec<_> = world.mailbox.to(GRACE).into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects.iter().filter(|subject| subject.starts_with("Confirm your address")).count(), 1, "{subjects:?}");
    assert_eq!(subjects.len(), 1 + 5, "the others are told that there is an account, five times an hour at most");
}

#[tokio::test]
async fn t122_five_codes_an_hour_however_many_are_asked_for_at_once() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    Customer::register(&world, &ada, GRACE).await;
    world.run_jobs().await;
    let (db, email) = (world.db(&ada), GRACE.parse().unwrap());
    let asked = join_all((0..12).map(|_| commerce::customers::request_password_reset(&db, &world.clock, &email))).await;
    assert!(asked.iter().all(Result::is_ok));
    world.run_jobs().await;
    assert_eq!(world.mailbox.to(GRACE).len(), 1 + 5);
}

#[tokio::test]
async fn t048_guessing_is_slowed_down_store_by_store() {
    let mut world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    Customer::register(&world, &ada, GRACE).await;
    Customer::register(&world, &bob, GRACE).await;
    world.leave_facts();
    let mut statuses = Vec::new();
    for _ in 0..9 {
        statuses.push(try_sign_in(&world, &ada, (GRACE, "a guess"), None).await.status());
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    try_sign_in(&world, &bob, (GRACE, PASSWORD), None).await.ok();
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_who_reads_the_mail() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let before = Customer::register(&world, &ada, GRACE).await;
    let shopper = world.shopper(&ada);
    shopper.post("customer/reset-password", &json!({ "email": GRACE.to_uppercase() })).await.ok();
    world.run_jobs().await;
    let code = world.mailbox.code_to(GRACE);
    let new = |password: &str| json!({ "code": code, "password": password });
    shopper.post("customer/reset-password/confirm", &new("short")).await.refused(422, "identity.unfit_password");
    let bodies: Vec<Value> = (0..6).map(|number| new(&format!("password number {number}"))).collect();
    let answers = join_all(bodies.iter().map(|body| shopper.post("customer/reset-password/confirm", body))).await;
    let winners: Vec<usize> = answers.iter().enumerate().filter(|(_, answer)| answer.status() == 204).map(|(number, _)| number).collect();
    assert_eq!(winners.len(), 1, "{:?}", answers.iter().map(tests::Reply::status).collect::<Vec<_>>());

    before.caller.get("customer").await.refused(401, "identity.unauthorized");
    let refresh = json!({ "refresh_token": before.refresh_token });
    shopper.post("customer/refresh", &refresh).await.refused(401, "identity.session_ended");
    try_sign_in(&world, &ada, (GRACE, PASSWORD), None).await.refused(401, "identity.wrong_credentials");
    let tokens = try_sign_in(&world, &ada, (GRACE, &format!("password number {}", winners[0])), None).await.ok();
    let after = Customer::of(&world, &ada, GRACE, &tokens).caller.get("customer").await.ok();
    assert!(after["email_verified_at"].is_string(), "the code proved it");
    world.run_jobs().await;
    assert!(world.mailbox.to(GRACE).last().unwrap().subject.starts_with("Your password was changed"));
}

#[tokio::test]
async fn an_address_changes_when_the_new_one_is_proved_and_the_old_one_is_told() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let grace = Customer::register(&world, &ada, GRACE).await;
    let mary = Customer::register(&world, &ada, "mary@shopper.example").await;
    let wrong = json!({ "current_password": "not this one", "email": "new@shopper.example" });
    let problem = grace.caller.post("customer/email", &wrong).await.refused(422, "identity.wrong_password");
    assert_eq!(problem["errors"][0]["pointer"], "/current_password");
    let ask = |email: &str| json!({ "current_password": PASSWORD, "email": email });
    assert_eq!(grace.caller.post("customer/email", &ask("New@Shopper.example")).await.status(), 204);
    world.run_jobs().await;
    assert!(world.mailbox.to(GRACE).last().unwrap().text.contains("new@shopper.example"), "before anything changes");
    assert_eq!(grace.caller.get("customer").await.ok()["email"], GRACE);
    let code = json!({ "code": world.mailbox.code_to("new@shopper.example") });
    mary.caller.post("customer/email/confirm", &code).await.refused(422, "identity.code_invalid");
    assert_eq!(grace.caller.post("customer/email/confirm", &code).await.status(), 204);
    let changed = grace.caller.get("customer").await.ok();
    assert_eq!(changed["email"], "new@shopper.example");
    assert!(changed["email_verified_at"].is_string());
    try_sign_in(&world, &ada, (GRACE, PASSWORD), None).await.refused(401, "identity.wrong_credentials");
    try_sign_in(&world, &ada, ("new@shopper.example", PASSWORD), None).await.ok();
    assert_eq!(grace.caller.post("customer/email", &ask("mary@shopper.example")).await.status(), 204, "who has an account is not told");
    world.run_jobs().await;
    assert_eq!(world.mailbox.to("mary@shopper.example").len(), 1, "her own registration");
}

#[tokio::test]
async fn consent_carries_the_time_at_which_it_was_given() {
    let world = World::at("2026-03-01T12:00:00Z").await;
    let ada = world.tenant("ada").await;
    let grace = Customer::register(&world, &ada, GRACE).await;
    let consent =
        |shown: &Value| (shown["accepts_marketing"].as_bool().unwrap(), shown["marketing_decided_at"].as_str().map(str::to_owned));
    assert_eq!(consent(&grace.caller.get("customer").await.ok()), (false, None), "nobody asked");
    let given = grace.caller.patch("customer", &json!({ "accepts_marketing": true })).await.ok();
    assert_eq!(consent(&given), (true, Some("2026-03-01T12:00:00Z".to_owned())));
    world.clock.advance(TimeDelta::minutes(1));
    let again = grace.caller.patch("customer", &json!({ "accepts_marketing": true, "name": " Grace " })).await.ok();
    assert_eq!((consent(&again), &again["name"]), (consent(&given), &json!("Grace")), "it was given then");
    let taken_back = grace.caller.patch("customer", &json!({ "accepts_marketing": false })).await.ok();
    assert_eq!(consent(&taken_back), (false, Some("2026-03-01T12:01:00Z".to_owned())));
    let problem = grace.caller.patch("customer", &json!({ "email": "new@shopper.example" })).await;
    assert_eq!((problem.status(), &problem.json()["errors"][0]["pointer"]), (422, &json!("/email")));
    let refused = json!({ "email": "mary@shopper.example", "password": PASSWORD, "name": "Mary", "accepts_marketing": false });
    world.shopper(&ada).post("customer/register", &refused).await.ok();
    let mary = Customer::sign_in(&world, &ada, "mary@shopper.example").await;
    assert_eq!(consent(&mary.caller.get("customer").await.ok()), (false, Some("2026-03-01T12:01:00Z".to_owned())));
    world.run_jobs().await;
}
