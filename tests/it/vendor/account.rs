//! A person's own account: what proves an address, what ends a session, and what strangers may not learn.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Caller, Store, World, database::texts};

async fn sign_in(world: &World, email: &str, password: &str) -> tests::Reply {
    let request = json!({ "email": email, "password": password });
    world.anybody("/vendor/v1").with("user-agent", "Firefox on a test").post("auth/sign-in", &request).await
}

/// The code of the latest mail to an address.
fn code(world: &World, address: &str) -> String {
    let mails = world.mailbox.to(address);
    let text = &mails.last().unwrap_or_else(|| panic!("no mail to {address}")).text;
    text.lines().find(|line| line.starts_with("code_")).unwrap_or_else(|| panic!("no code in {text}")).to_owned()
}

fn signed_in(world: &World, reply: &Value) -> Caller {
    world.anybody("/vendor/v1").with_token(reply["access_token"].as_str().expect("an access token"))
}

async fn opened(slug: &str) -> (World, Store) {
    let world = World::new().await;
    let store = world.tenant(slug).await;
    world.run_jobs().await;
    (world, store)
}

#[tokio::test]
async fn an_address_is_proved_by_its_code() {
    let (world, ada) = opened("ada").await;
    let owner = world.vendor(&ada);
    assert_eq!(owner.get("account").await.ok()["email_verified_at"], Value::Null);
    assert_eq!(owner.act("account/verification").await.status(), 204);
    world.run_jobs().await;
    let code = code(&world, &ada.email);
    let open = world.anybody("/vendor/v1");
    for wrong in ["", "code_", "code_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let problem = owner.post("account/verify-email", &json!({ "code": wrong })).await.refused(422, "identity.code_invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/code");
    }
    open.post("auth/reset-password/confirm", &json!({ "code": code, "password": "for something else" }))
        .await
        .refused(422, "identity.code_invalid");
    assert_eq!(owner.post("account/verify-email", &json!({ "code": code })).await.status(), 204);
    assert!(owner.get("account").await.ok()["email_verified_at"].is_string());
    owner.post("account/verify-email", &json!({ "code": code })).await.refused(422, "identity.code_invalid");
    // Whoever opened an account in somebody else's name does not get it proved by them.
    let bob = world.tenant("bob").await;
    world.vendor(&bob).act("account/verification").await.ok();
    world.run_jobs().await;
    let bobs = json!({ "code": self::code(&world, &bob.email) });
    owner.post("account/verify-email", &bobs).await.refused(422, "identity.code_invalid");
    world.anybody("/vendor/v1").post("account/verify-email", &bobs).await.refused(401, "identity.unauthorized");
    owner.act("account/verification").await.refused(409, "identity.already_verified");
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_who_reads_the_mail() {
    let (world, ada) = opened("ada").await;
    let open = world.anybody("/vendor/v1");
    let before = sign_in(&world, &ada.email, &ada.password).await.ok();
    assert_eq!(open.post("auth/reset-password", &json!({ "email": ada.email.to_uppercase() })).await.status(), 204);
    world.run_jobs().await;
    let code = code(&world, &ada.email);
    let new = |password: &str| json!({ "code": code, "password": password });
    open.post("auth/reset-password/confirm", &new("short")).await.refused(422, "identity.unfit_password");
    assert_eq!(open.post("auth/reset-password/confirm", &new("a better password")).await.status(), 204);
    open.post("auth/reset-password/confirm", &new("and another one")).await.refused(422, "identity.code_invalid");

    sign_in(&world, &ada.email, &ada.password).await.refused(401, "identity.wrong_credentials");
    let after = sign_in(&world, &ada.email, "a better password").await.ok();
    signed_in(&world, &before).get("account").await.refused(401, "identity.unauthorized");
    let refresh = json!({ "refresh_token": before["refresh_token"] });
    open.post("auth/refresh", &refresh).await.refused(401, "identity.session_ended");
    assert!(signed_in(&world, &after).get("account").await.ok()["email_verified_at"].is_string(), "the code proved it");
    world.run_jobs().await;
    let told = world.mailbox.to(&ada.email);
    assert!(told.last().unwrap().subject.starts_with("Your password was changed"), "{:?}", told.last().unwrap().subject);
}

/// Twelve takers of one code at the same moment: one of them sets the password.
#[tokio::test]
async fn t039_a_code_works_once_however_many_bring_it() {
    let (world, ada) = opened("ada").await;
    let open = world.anybody("/vendor/v1");
    open.post("auth/reset-password", &json!({ "email": ada.email })).await.ok();
    world.run_jobs().await;
    let code = code(&world, &ada.email);
    let bodies: Vec<Value> = (0..12).map(|number| json!({ "code": code, "password": format!("password number {number}") })).collect();
    let answers = join_all(bodies.iter().map(|body| open.post("auth/reset-password/confirm", body))).await;
    let winners: Vec<usize> = answers.iter().enumerate().filter(|(_, answer)| answer.status() == 204).map(|(number, _)| number).collect();
    assert_eq!(winners.len(), 1, "{:?}", answers.iter().map(tests::Reply::status).collect::<Vec<_>>());
    sign_in(&world, &ada.email, &format!("password number {}", winners[0])).await.ok();
    world.run_jobs().await;
}

/// Whether an address has an account is told neither by the answer nor by its time, and an unknown one gets no mail.
#[tokio::test]
async fn t041_a_reset_does_not_tell_who_has_an_account() {
    let (world, ada) = opened("ada").await;
    let open = world.anybody("/vendor/v1");
    let mails = world.mailbox.all().len();
    let mut took = [Vec::new(), Vec::new()];
    for round in 0..12 {
        for (kind, email) in [ada.email.clone(), format!("nobody{round}@example.com")].into_iter().enumerate() {
            let started = Instant::now();
            let answer = open.post("auth/reset-password", &json!({ "email": email })).await;
            took[kind].push(started.elapsed());
            // The limit by address counts both alike.
            assert!([204, 429].contains(&answer.status()), "{}", answer.text());
        }
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let [mut known, mut unknown] = took;
    let (known, unknown) = (median(&mut known), median(&mut unknown));
    assert!(known >= Duration::from_millis(99) && unknown >= Duration::from_millis(99), "answered when due: {known:?}, {unknown:?}");
    world.run_jobs().await;
    assert_eq!(world.mailbox.all().len(), mails + 5, "five an hour to the one who has an account, none to the others");
}

#[tokio::test]
async fn t037_a_new_password_ends_the_other_sessions() {
    let (world, ada) = opened("ada").await;
    let other = sign_in(&world, &ada.email, &ada.password).await.ok();
    let owner = world.vendor(&ada);
    let wrong = json!({ "current_password": "not this one", "password": "a better password" });
    let problem = owner.post("account/password", &wrong).await.refused(422, "identity.wrong_password");
    assert_eq!(problem["errors"][0]["pointer"], "/current_password");
    let right = json!({ "current_password": ada.password, "password": "a better password" });
    assert_eq!(owner.post("account/password", &right).await.status(), 204);
    owner.get("account").await.ok();
    signed_in(&world, &other).get("account").await.refused(401, "identity.unauthorized");
    sign_in(&world, &ada.email, "a better password").await.ok();
    world.run_jobs().await;
    assert!(world.mailbox.to(&ada.email).last().unwrap().text.contains("Every other session has ended"));
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_owner_alone() {
    let (world, ada) = opened("ada").await;
    let bob = world.tenant("bob").await;
    let other = sign_in(&world, &ada.email, &ada.password).await.ok();
    let owner = world.vendor(&ada);
    let list = owner.get("account/sessions").await.ok();
    let sessions = list["data"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions.iter().filter(|session| session["is_current"] == true).count(), 1);
    let theirs = sessions.iter().find(|session| session["is_current"] == false).unwrap();
    assert_eq!((theirs["user_agent"].as_str(), theirs["store"].as_str()), (Some("Firefox on a test"), Some("ada")));
    let path = format!("account/sessions/{}", theirs["id"].as_str().unwrap());
    world.vendor(&bob).delete(&path).await.refused(404, "identity.session_not_found");
    assert_eq!(owner.delete(&path).await.status(), 204);
    owner.delete(&path).await.refused(404, "identity.session_not_found");
    signed_in(&world, &other).get("account").await.refused(401, "identity.unauthorized");

    let more = [sign_in(&world, &ada.email, &ada.password).await.ok(), sign_in(&world, &ada.email, &ada.password).await.ok()];
    assert_eq!(owner.delete("account/sessions").await.status(), 204);
    for session in &more {
        signed_in(&world, session).get("account").await.refused(401, "identity.unauthorized");
    }
    assert_eq!(owner.get("account/sessions").await.ok()["data"].as_array().unwrap().len(), 1);
    world.run_jobs().await;
}

/// A process that has seen the session asks again after `session_cached_for`: here a second, in operation half a minute.
#[tokio::test]
async fn t037_an_ended_session_is_refused_in_every_process() {
    let (world, ada) = opened("ada").await;
    let sibling = world.sibling_with(|tuning| tuning.session_cached_for = Duration::from_secs(1)).await;
    let other = sign_in(&world, &ada.email, &ada.password).await.ok();
    let elsewhere = world.anybody("/vendor/v1").at(&sibling).with_token(other["access_token"].as_str().unwrap());
    elsewhere.get("account").await.ok();
    assert_eq!(world.vendor(&ada).delete("account/sessions").await.status(), 204);
    let begun = Instant::now();
    while elsewhere.get("account").await.status() == 200 {
        assert!(begun.elapsed() < Duration::from_secs(4), "another process still lets it in");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    elsewhere.get("account").await.refused(401, "identity.unauthorized");
    world.run_jobs().await;
}

#[tokio::test]
async fn an_address_changes_when_the_new_one_is_proved_and_the_old_one_is_told() {
    let (world, ada) = opened("ada").await;
    let owner = world.vendor(&ada);
    let ask = json!({ "current_password": ada.password, "email": "New@Ada.example" });
    assert_eq!(owner.post("account/email", &ask).await.status(), 204);
    world.run_jobs().await;
    let told = world.mailbox.to(&ada.email);
    assert!(told.last().unwrap().text.contains("new@ada.example"), "the old address hears of it before anything changes");
    assert_eq!(owner.get("account").await.ok()["email"], ada.email);

    let code = json!({ "code": code(&world, "new@ada.example") });
    let bob = world.tenant("bob").await;
    world.vendor(&bob).post("account/email/confirm", &code).await.refused(422, "identity.code_invalid");
    assert_eq!(owner.post("account/email/confirm", &code).await.status(), 204);
    let account = owner.get("account").await.ok();
    assert_eq!(account["email"], "new@ada.example");
    assert!(account["email_verified_at"].is_string());
    sign_in(&world, &ada.email, &ada.password).await.refused(401, "identity.wrong_credentials");
    sign_in(&world, "new@ada.example", &ada.password).await.ok();

    let taken = json!({ "current_password": ada.password, "email": bob.email });
    assert_eq!(owner.post("account/email", &taken).await.status(), 204, "who has an account is not told");
    world.run_jobs().await;
    assert!(world.mailbox.to(&bob.email).iter().all(|mail| !mail.text.contains("code_")));
}

#[tokio::test]
async fn one_account_goes_from_store_to_store() {
    let (world, ada) = opened("ada").await;
    let second = json!({ "email": ada.email, "password": ada.password, "owner_name": "Ada", "name": "Second", "slug": "second",
                         "currency": "EUR", "country": "DE", "time_zone": "Europe/Berlin", "prices_include_tax": true });
    world.anybody("/vendor/v1").post("stores", &second).await.ok();
    world.tenant("bob").await;
    let owner = world.vendor(&ada);
    let stores = owner.get("account/stores").await.ok();
    let slugs: Vec<_> = stores["data"].as_array().unwrap().iter().map(|store| store["slug"].as_str().unwrap()).collect();
    assert_eq!(slugs, ["ada", "second"]);
    let there = owner.post("account/switch-store", &json!({ "store": "second" })).await.ok();
    assert_eq!(signed_in(&world, &there).get("store").await.ok()["slug"], "second");
    owner.post("account/switch-store", &json!({ "store": "bob" })).await.refused(403, "identity.no_such_store");
    let key = world.anybody("/vendor/v1").with_token(&ada.secret_key);
    key.get("account").await.refused(403, "identity.accounts_only");
    assert_eq!(owner.patch("account", &json!({ "name": "Ada Lovelace" })).await.ok()["name"], "Ada Lovelace");
    world.run_jobs().await;
    let mut superuser = world.superuser().await;
    assert_eq!(texts(&mut superuser, "SELECT count(*)::text FROM accounts").await, ["2"]);
}
