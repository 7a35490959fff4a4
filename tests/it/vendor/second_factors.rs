//! Second factors: nothing but a code gets past one, a code works once, and what is dangerous asks again.

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Authenticator, Caller, Reply, Store, World, database::texts};

/// A store whose owner has an authenticator, on a clock that stands still.
struct Guarded {
    world: World,
    ada: Store,
    authenticator: Authenticator,
    recovery_codes: Vec<String>,
}

impl Guarded {
    async fn new() -> Self {
        let world = World::at("2026-03-01T12:00:00Z").await;
        let ada = world.tenant("ada").await;
        world.prove_address(&ada).await;
        world.run_jobs().await;
        let owner = world.vendor(&ada);
        let begun = owner.post("account/second-factors/totp", &json!({ "current_password": ada.password })).await.ok();
        let authenticator = world.authenticator(begun["secret"].as_str().unwrap());
        let path = format!("account/second-factors/{}/confirm", begun["id"].as_str().unwrap());
        let confirmed = owner.post(path, &json!({ "code": authenticator.code() })).await.ok();
        let recovery_codes = strings(&confirmed["recovery_codes"]);
        world.run_jobs().await;
        let guarded = Self { world, ada, authenticator, recovery_codes };
        guarded.wait();
        guarded
    }

    /// Until the authenticator shows its next code.
    fn wait(&self) {
        self.world.clock.advance(TimeDelta::seconds(30));
    }

    fn anybody(&self) -> Caller {
        self.world.anybody("/vendor/v1")
    }

    fn owner(&self) -> Caller {
        self.world.vendor(&self.ada)
    }

    async fn sign_in(&self) -> Reply {
        self.anybody().post("auth/sign-in", &json!({ "email": self.ada.email, "password": self.ada.password })).await
    }

    async fn challenge(&self) -> String {
        challenge_of(&self.sign_in().await)
    }

    async fn answer(&self, challenge: &str, code: &str) -> Reply {
        self.anybody().post("auth/second-factor", &json!({ "challenge": challenge, "code": code })).await
    }

    /// Lets time pass for what Postgres decides.
    async fn age(&self, sql: &str) {
        texts(&mut self.world.superuser().await, &format!("{sql} RETURNING 'aged'")).await;
    }

    async fn age_proofs(&self) {
        self.age("UPDATE refresh_tokens SET proved_at = proved_at - interval '11 minutes', second_factor_at = second_factor_at - interval '11 minutes'")
            .await;
    }
}

#[track_caller]
fn challenge_of(reply: &Reply) -> String {
    reply.refused(401, "identity.second_factor_required")["challenge"].as_str().expect("a challenge").to_owned()
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn statuses(replies: &[Reply]) -> Vec<u16> {
    let mut statuses: Vec<u16> = replies.iter().map(Reply::status).collect();
    statuses.sort_unstable();
    statuses
}

#[tokio::test]
async fn an_authenticator_counts_once_it_is_confirmed() {
    let world = World::at("2026-03-01T12:00:00Z").await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    world.prove_address(&ada).await;
    let owner = world.vendor(&ada);
    let wrong = json!({ "current_password": "not this one" });
    owner.post("account/second-factors/totp", &wrong).await.refused(422, "identity.wrong_password");
    let begun = owner.post("account/second-factors/totp", &json!({ "current_password": ada.password, "name": "Phone" })).await.ok();
    let url = begun["otpauth_url"].as_str().unwrap();
    assert!(url.starts_with("otpauth://totp/stoa.test:owner%40ada.example?secret=") && url.ends_with("&issuer=stoa.test"), "{url}");
    let credentials = json!({ "email": ada.email, "password": ada.password });
    world.anybody("/vendor/v1").post("auth/sign-in", &credentials).await.ok();
    assert_eq!(owner.get("account/second-factors").await.ok(), json!({ "data": [], "recovery_codes_left": 0 }));

    let authenticator = world.authenticator(begun["secret"].as_str().unwrap());
    let path = format!("account/second-factors/{}/confirm", begun["id"].as_str().unwrap());
    owner.post(&path, &json!({ "code": authenticator.wrong_code() })).await.refused(422, "identity.wrong_code");
    let code = json!({ "code": authenticator.code() });
    world.vendor(&bob).post(&path, &code).await.refused(404, "identity.second_factor_not_found");
    let recovery_codes = strings(&owner.post(&path, &code).await.ok()["recovery_codes"]);
    assert_eq!(recovery_codes.len(), 10);
    owner.post(&path, &code).await.refused(404, "identity.second_factor_not_found");
    let listed = owner.get("account/second-factors").await.ok();
    assert_eq!((&listed["data"][0]["name"], &listed["recovery_codes_left"]), (&json!("Phone"), &json!(10)));
    challenge_of(&world.anybody("/vendor/v1").post("auth/sign-in", &credentials).await);
    world.run_jobs().await;
    let told = world.mailbox.to(&ada.email);
    assert!(told.last().unwrap().subject.starts_with("An authenticator was added"), "{}", told.last().unwrap().subject);

    let kept = texts(&mut world.superuser().await, "SELECT encode(secret, 'escape') || encode(secret, 'base64') FROM second_factors").await;
    assert!(!kept[0].contains(begun["secret"].as_str().unwrap()), "it is kept sealed");
    let hashes = texts(&mut world.superuser().await, "SELECT encode(code_hash, 'escape') FROM recovery_codes").await;
    assert!(recovery_codes.iter().all(|code| !hashes.contains(code)));
}

/// The code that turned the authenticator on, and every other, is taken once.
#[tokio::test]
async fn t051_a_code_works_once() {
    let it = Guarded::new().await;
    let before = it.authenticator.code_of(-1);
    let challenge = it.challenge().await;
    it.answer(&challenge, &before).await.refused(422, "identity.wrong_code");
    let code = it.authenticator.code();
    let signed_in = it.answer(&challenge, &code).await.ok();
    assert_eq!(signed_in["recovery_codes_left"], Value::Null);
    it.anybody().with_token(signed_in["access_token"].as_str().unwrap()).get("store").await.ok();
    it.answer(&it.challenge().await, &code).await.refused(422, "identity.wrong_code");
}

/// Six sign-ins bring one code at the same moment.
#[tokio::test]
async fn t051_a_code_works_once_however_many_bring_it() {
    let it = Guarded::new().await;
    let mut challenges = Vec::new();
    for _ in 0..6 {
        challenges.push(it.challenge().await);
    }
    let code = it.authenticator.code();
    let replies = join_all(challenges.iter().map(|challenge| it.answer(challenge, &code))).await;
    assert_eq!(statuses(&replies), [200, 422, 422, 422, 422, 422]);
}

#[tokio::test]
async fn a_clock_may_be_half_a_minute_off() {
    let it = Guarded::new().await;
    for _ in 0..4 {
        it.wait();
    }
    let challenge = it.challenge().await;
    for off in [-2, 2] {
        it.answer(&challenge, &it.authenticator.code_of(off)).await.refused(422, "identity.wrong_code");
    }
    it.answer(&challenge, &it.authenticator.code_of(1)).await.ok();
    for off in [0, -1] {
        let late = it.answer(&it.challenge().await, &it.authenticator.code_of(off)).await;
        late.refused(422, "identity.wrong_code");
    }
}

#[tokio::test]
async fn a_recovery_code_stands_in_once() {
    let it = Guarded::new().await;
    let typed = it.recovery_codes[0].to_lowercase().replace('-', " ");
    let signed_in = it.answer(&it.challenge().await, &typed).await.ok();
    assert_eq!(signed_in["recovery_codes_left"], 9);
    it.answer(&it.challenge().await, &it.recovery_codes[0]).await.refused(422, "identity.wrong_code");
    it.world.run_jobs().await;
    let told = it.world.mailbox.to(&it.ada.email);
    assert!(told.last().unwrap().text.contains("You have 9 left"), "{}", told.last().unwrap().text);

    let challenges = [it.challenge().await, it.challenge().await, it.challenge().await];
    let replies = join_all(challenges.iter().map(|challenge| it.answer(challenge, &it.recovery_codes[1]))).await;
    assert_eq!(statuses(&replies), [200, 422, 422]);

    let request = json!({ "current_password": it.ada.password, "code": it.authenticator.code() });
    let new = strings(&it.owner().post("account/recovery-codes", &request).await.ok()["recovery_codes"]);
    assert_eq!(new.len(), 10);
    let challenge = it.challenge().await;
    it.answer(&challenge, &it.recovery_codes[2]).await.refused(422, "identity.wrong_code");
    assert_eq!(it.answer(&challenge, &new[0]).await.ok()["recovery_codes_left"], 9);
    it.world.run_jobs().await;
}

#[tokio::test]
async fn a_challenge_is_answered_once_within_its_time_by_whom_it_was_made_for() {
    let it = Guarded::new().await;
    let challenge = it.challenge().await;
    it.answer(&challenge, &it.authenticator.code()).await.ok();
    it.wait();
    it.answer(&challenge, &it.authenticator.code()).await.refused(401, "identity.challenge_ended");
    for wrong in ["", "sfc_", "sfc_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        it.answer(wrong, &it.authenticator.code()).await.refused(401, "identity.challenge_ended");
    }

    let late = it.challenge().await;
    it.age("UPDATE sign_in_challenges SET expires_at = now() WHERE used_at IS NULL").await;
    it.answer(&late, &it.authenticator.code()).await.refused(401, "identity.challenge_ended");

    let elsewhere = json!({ "challenge": it.challenge().await, "code": it.authenticator.code() });
    it.world.anybody("/platform/v1").post("auth/second-factor", &elsewhere).await.refused(401, "identity.challenge_ended");

    // Another account's code is no code.
    let bob = it.world.tenant("bob").await;
    it.world.prove_address(&bob).await;
    let theirs = it.world.vendor(&bob);
    let begun = theirs.post("account/second-factors/totp", &json!({ "current_password": bob.password })).await.ok();
    let authenticator = it.world.authenticator(begun["secret"].as_str().unwrap());
    let path = format!("account/second-factors/{}/confirm", begun["id"].as_str().unwrap());
    let codes = strings(&theirs.post(path, &json!({ "code": authenticator.code_of(-1) })).await.ok()["recovery_codes"]);
    let challenge = it.challenge().await;
    for foreign in [&authenticator.code(), &codes[0]] {
        it.answer(&challenge, foreign).await.refused(422, "identity.wrong_code");
    }
    it.world.run_jobs().await;
}

/// Guessing ends after five codes, in every process, and a sign-in that was guessed at is over.
#[tokio::test]
async fn t051_guessing_ends_soon() {
    let it = Guarded::new().await;
    let (challenge, wrong) = (it.challenge().await, it.authenticator.wrong_code());
    let body = json!({ "challenge": challenge, "code": wrong });
    let anybody = it.anybody();
    let replies = join_all((0..8).map(|_| anybody.post("auth/second-factor", &body))).await;
    assert_eq!(statuses(&replies), [401, 401, 401, 422, 422, 422, 422, 422]);
    it.answer(&challenge, &it.authenticator.code()).await.refused(401, "identity.challenge_ended");

    let another = it.challenge().await;
    let refused = it.answer(&another, &it.authenticator.code()).await;
    refused.refused(429, "identity.too_many_codes");
    let after: u64 = refused.header("retry-after").and_then(|text| text.parse().ok()).expect("Retry-After");
    assert!((800..=900).contains(&after), "{after}");
    let sibling = it.world.sibling().await;
    let elsewhere = it.anybody().at(&sibling);
    let body = json!({ "challenge": another, "code": it.authenticator.code() });
    elsewhere.post("auth/second-factor", &body).await.refused(429, "identity.too_many_codes");
    it.owner().post("account/step-up", &json!({ "code": it.authenticator.code() })).await.refused(429, "identity.too_many_codes");

    // Nobody guesses a recovery code: whoever guesses at the other kind locks nobody out who has one.
    it.answer(&another, "0000-0000-0000-0000").await.refused(422, "identity.wrong_code");
    it.answer(&another, &it.recovery_codes[0]).await.ok();
    let another = it.challenge().await;
    it.answer(&another, &it.authenticator.code()).await.refused(429, "identity.too_many_codes");
    it.age("UPDATE second_factor_guesses SET since = since - interval '16 minutes'").await;
    it.answer(&another, &it.authenticator.code()).await.ok();
    it.world.run_jobs().await;
}

/// A challenge takes five tries of whatever kind.
#[tokio::test]
async fn t051_a_challenge_takes_five_recovery_codes() {
    let it = Guarded::new().await;
    let challenge = it.challenge().await;
    for _ in 0..5 {
        it.answer(&challenge, "0000-0000-0000-0000").await.refused(422, "identity.wrong_code");
    }
    it.answer(&challenge, &it.recovery_codes[0]).await.refused(401, "identity.challenge_ended");
    it.answer(&it.challenge().await, &it.recovery_codes[0]).await.ok();
    it.world.run_jobs().await;
}

/// A new password is one factor, and what was begun with the old one is over.
#[tokio::test]
async fn t051_a_reset_password_leads_round_no_second_factor() {
    let it = Guarded::new().await;
    let begun_before = it.challenge().await;
    it.anybody().post("auth/reset-password", &json!({ "email": it.ada.email })).await.ok();
    it.world.run_jobs().await;
    let code = it.world.mailbox.code_to(&it.ada.email);
    let reset = it.anybody().post("auth/reset-password/confirm", &json!({ "code": code, "password": "a better password" })).await;
    assert_eq!((reset.status(), reset.text().as_str()), (204, ""), "a reset signs nobody in");
    it.answer(&begun_before, &it.authenticator.code()).await.refused(401, "identity.challenge_ended");
    let credentials = json!({ "email": it.ada.email, "password": "a better password" });
    let challenge = challenge_of(&it.anybody().post("auth/sign-in", &credentials).await);
    it.answer(&challenge, &it.authenticator.code()).await.ok();
    it.world.run_jobs().await;
}

/// An invitation with the account's password joins nobody until the code comes.
#[tokio::test]
async fn t051_an_invitation_leads_round_no_second_factor() {
    let it = Guarded::new().await;
    let bob = it.world.tenant("bob").await;
    it.world.vendor(&bob).post("invitations", &json!({ "email": it.ada.email, "role": "administrator" })).await.ok();
    it.world.run_jobs().await;
    let mails = it.world.mailbox.to(&it.ada.email);
    let invitation = mails.last().unwrap().text.lines().find(|line| line.starts_with("invite_")).expect("a code").to_owned();
    let accept = json!({ "code": invitation, "password": it.ada.password });
    let challenge = challenge_of(&it.anybody().post("auth/accept-invitation", &accept).await);
    let members = |world: &World| {
        let owner = world.vendor(&bob);
        async move { owner.get("members").await.ok()["data"].as_array().unwrap().len() }
    };
    assert_eq!(members(&it.world).await, 1, "the password alone joins nobody");
    it.answer(&challenge, &it.authenticator.wrong_code()).await.refused(422, "identity.wrong_code");
    let joined = it.answer(&challenge, &it.authenticator.code()).await.ok();
    assert_eq!((&joined["store"], &joined["role"]), (&json!("bob"), &json!("administrator")));
    assert_eq!(members(&it.world).await, 2);
    it.wait();
    it.answer(&challenge, &it.authenticator.code()).await.refused(401, "identity.challenge_ended");
    it.world.run_jobs().await;
}

/// Neither does opening another store.
#[tokio::test]
async fn t051_a_second_store_leads_round_no_second_factor() {
    let it = Guarded::new().await;
    let mut second = json!({ "email": it.ada.email, "password": it.ada.password, "owner_name": "Ada", "name": "Second", "slug": "second",
                             "currency": "EUR", "country": "DE", "time_zone": "Europe/Berlin", "prices_include_tax": true });
    let problem = it.anybody().post("stores", &second).await.refused(401, "identity.second_factor_required");
    assert_eq!((&problem["errors"][0]["pointer"], &problem["challenge"]), (&json!("/second_factor_code"), &Value::Null));
    second["second_factor_code"] = json!(it.authenticator.wrong_code());
    it.anybody().post("stores", &second).await.refused(422, "identity.wrong_code");
    second["second_factor_code"] = json!(it.authenticator.code());
    it.anybody().post("stores", &second).await.ok();
    it.world.run_jobs().await;
}

#[tokio::test]
async fn what_is_dangerous_asks_for_a_fresh_proof() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let credentials = json!({ "email": ada.email, "password": ada.password });
    let other = world.anybody("/vendor/v1").post("auth/sign-in", &credentials).await.ok();
    let (owner, other) = (world.vendor(&ada), world.anybody("/vendor/v1").with_token(other["access_token"].as_str().unwrap()));
    let key = json!({ "name": "Till", "kind": "secret", "scopes": ["read_settings"] });
    owner.post("keys", &key).await.ok();
    let age = "UPDATE refresh_tokens SET proved_at = proved_at - interval '11 minutes' RETURNING 'aged'";
    texts(&mut world.superuser().await, age).await;
    owner.post("keys", &key).await.refused(403, "identity.step_up_required");

    let problem = owner.post("account/step-up", &json!({})).await.refused(422, "identity.invalid");
    assert_eq!(problem["errors"][0]["pointer"], "/current_password");
    owner.post("account/step-up", &json!({ "current_password": "not this one" })).await.refused(422, "identity.wrong_password");
    let until = owner.post("account/step-up", &json!({ "current_password": ada.password })).await.ok()["until"].clone();
    assert!(until.is_string());
    owner.post("keys", &key).await.ok();
    other.post("keys", &key).await.refused(403, "identity.step_up_required");
    let software = world.anybody("/vendor/v1").with_token(&ada.secret_key);
    let invite = json!({ "email": "kim@example.com", "role": "orders" });
    software.with_key("invite").post("invitations", &invite).await.ok();
    software.post("account/step-up", &json!({ "current_password": ada.password })).await.refused(403, "identity.accounts_only");
}

#[tokio::test]
async fn where_there_is_a_second_factor_the_password_is_no_fresh_proof() {
    let it = Guarded::new().await;
    let colleague = it.world.employ(&it.ada, "bob", "administrator").await;
    it.age_proofs().await;
    let owner = it.owner();
    let password = json!({ "current_password": it.ada.password, "password": "a better password" });
    let address = json!({ "current_password": it.ada.password, "email": "new@ada.example" });
    let transfer = json!({ "current_password": it.ada.password, "account_id": colleague.id });
    let another = json!({ "current_password": it.ada.password });
    let key = json!({ "name": "Till", "kind": "publishable" });
    for (path, body) in [
        ("account/password", &password),
        ("account/email", &address),
        ("ownership/transfer", &transfer),
        ("account/second-factors/totp", &another),
        ("account/close", &another),
        ("keys", &key),
    ] {
        owner.post(path, body).await.refused(403, "identity.step_up_required");
    }
    let problem = owner.post("account/step-up", &another).await.refused(422, "identity.invalid");
    assert_eq!(problem["errors"][0]["pointer"], "/code");
    owner.post("account/step-up", &json!({ "code": it.authenticator.wrong_code() })).await.refused(422, "identity.wrong_code");
    owner.post("account/step-up", &json!({ "code": it.authenticator.code() })).await.ok();
    for (path, body) in [("keys", &key), ("account/email", &address), ("ownership/transfer", &transfer), ("account/password", &password)] {
        owner.post(path, body).await.ok();
    }
    it.world.run_jobs().await;
}

/// What a session has proved goes with it through a refresh and into another store, and gets no younger by either.
#[tokio::test]
async fn a_proof_is_carried_and_not_renewed() {
    let it = Guarded::new().await;
    let second = json!({ "email": it.ada.email, "password": it.ada.password, "owner_name": "Ada", "name": "Second", "slug": "second",
                         "second_factor_code": it.authenticator.code(),
                         "currency": "EUR", "country": "DE", "time_zone": "Europe/Berlin", "prices_include_tax": true });
    let session = it.anybody().post("stores", &second).await.ok();
    let key = json!({ "name": "Till", "kind": "publishable" });
    let go_on = async |session: &Value| {
        let renewed = it.anybody().post("auth/refresh", &json!({ "refresh_token": session["refresh_token"] })).await.ok();
        let here = it.anybody().with_token(renewed["access_token"].as_str().unwrap());
        let there = here.post("account/switch-store", &json!({ "store": "ada" })).await.ok();
        let there = it.anybody().with_token(there["access_token"].as_str().unwrap());
        (renewed, here.post("keys", &key).await.status(), there.post("keys", &key).await.status())
    };
    let (renewed, here, there) = go_on(&session).await;
    assert_eq!((here, there), (201, 201));
    it.age_proofs().await;
    let (_, here, there) = go_on(&renewed).await;
    assert_eq!((here, there), (403, 403));
    it.world.run_jobs().await;
}

#[tokio::test]
async fn turning_it_off_asks_for_it_once_more() {
    let it = Guarded::new().await;
    let owner = it.owner();
    let listed = owner.get("account/second-factors").await.ok();
    let path = format!("account/second-factors/{}", listed["data"][0]["id"].as_str().unwrap());
    it.age_proofs().await;
    owner.delete(&path).await.refused(403, "identity.step_up_required");
    owner.post("account/step-up", &json!({ "code": it.authenticator.code() })).await.ok();
    let bob = it.world.tenant("bob").await;
    it.world.vendor(&bob).delete(&path).await.refused(404, "identity.second_factor_not_found");
    assert_eq!(owner.delete(&path).await.status(), 204);
    owner.delete(&path).await.refused(404, "identity.second_factor_not_found");
    assert_eq!(owner.get("account/second-factors").await.ok(), json!({ "data": [], "recovery_codes_left": 0 }));
    it.sign_in().await.ok();
    it.world.run_jobs().await;
    let told = it.world.mailbox.to(&it.ada.email);
    assert!(told.last().unwrap().subject.starts_with("Two-step sign-in was turned off"), "{}", told.last().unwrap().subject);
}
