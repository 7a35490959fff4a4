//! What somebody does with a session, a code or a way in that should have ended, or that its owner cannot know of.

use commerce::{customers, identity};
use serde_json::json;
use tests::{
    Customer, World,
    customer::{PASSWORD, try_sign_in},
    database::texts,
    idp::{Idp, Person},
    oauth::{begin_as_account, begin_as_customer, brought, grant, link, offered, register_return_url},
};

const GRACE: &str = "grace@shopper.example";
const THIEF: &str = "thief@elsewhere.example";

/// Whoever knows a password has asked for another address; the owner ends their session. What they asked for ends with it, even where it is
/// looked at in the same moment: asked below the API, which would refuse the session before.
#[tokio::test]
async fn t037_no_address_is_changed_by_a_session_that_has_ended() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let (owner, open) = (world.vendor(&ada), world.anybody("/vendor/v1"));
    let stolen = open.post("auth/sign-in", &json!({ "email": ada.email, "password": ada.password })).await.ok();
    let thief = open.with_token(stolen["access_token"].as_str().unwrap());
    let ask = json!({ "email": THIEF, "current_password": ada.password });
    thief.post("account/email", &ask).await.ok();
    world.run_jobs().await;
    let session = |token: &serde_json::Value, audience| {
        let claims = world.state.signer.verify(token.as_str().unwrap(), audience, world.clock.now()).expect("claims");
        (claims.sub.clone(), claims.sid)
    };
    let (account, sid) = session(&stolen["access_token"], api::Audience::Vendor);
    let who = identity::SignedInAs { account: account.parse().unwrap(), tenant: ada.id, session: sid };
    owner.delete("account/sessions").await.ok();
    let (platform, codes) = (world.state.database.platform(), &world.state.codes);
    let late = identity::change_email(&platform, &world.clock, codes, who, &world.mailbox.code_to(THIEF)).await;
    assert!(matches!(late, Err(identity::Error::SessionEnded)), "{late:?}");
    assert_eq!(owner.get("account").await.ok()["email"], ada.email);
    let tx = platform.begin().await.unwrap();
    let others = identity::sessions::end_others(&tx, who.account.uuid(), Some(sid)).await;
    assert!(matches!(others, Err(identity::Error::SessionEnded)), "{others:?}");
    drop(tx);

    let grace = Customer::proved(&world, &ada, GRACE).await;
    let stolen = try_sign_in(&world, &ada, (GRACE, PASSWORD), None).await.ok();
    let thief = world.shopper(&ada).with_token(stolen["access_token"].as_str().unwrap());
    thief.post("customer/email", &json!({ "email": THIEF, "current_password": PASSWORD })).await.ok();
    world.run_jobs().await;
    let (customer, sid) = session(&stolen["access_token"], api::Audience::Customer);
    let who = customers::SignedInAs { customer: customer.parse().unwrap(), session: sid };
    grace.caller.delete("customer/sessions").await.ok();
    let late = customers::change_email(&world.db(&ada), &world.clock, codes, who, &world.mailbox.code_to(THIEF)).await;
    assert!(matches!(late, Err(customers::Error::Identity(identity::Error::SessionEnded))), "{late:?}");
    assert_eq!(grace.caller.get("customer").await.ok()["email"], GRACE);
    world.run_jobs().await;
}

/// A new password ends the codes that were mailed before it: one for a password, and one for another address.
#[tokio::test]
async fn t039_a_customers_codes_end_with_the_password_they_were_asked_beside() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let grace = Customer::proved(&world, &ada, GRACE).await;
    let shopper = world.shopper(&ada);
    shopper.post("customer/reset-password", &json!({ "email": GRACE })).await.ok();
    world.run_jobs().await;
    let reset = world.mailbox.code_to(GRACE);
    grace.caller.post("customer/email", &json!({ "email": THIEF, "current_password": PASSWORD })).await.ok();
    world.run_jobs().await;
    let change = world.mailbox.code_to(THIEF);
    let password = json!({ "current_password": PASSWORD, "password": "another password of hers" });
    grace.caller.post("customer/password", &password).await.ok();
    let reset = json!({ "code": reset, "password": "the password of a thief" });
    shopper.post("customer/reset-password/confirm", &reset).await.refused(422, "identity.code_invalid");
    grace.caller.post("customer/email/confirm", &json!({ "code": change })).await.refused(422, "identity.code_invalid");
    try_sign_in(&world, &ada, (GRACE, "another password of hers"), None).await.ok();
    world.run_jobs().await;
}

/// Somebody knows the password, adds an authenticator and takes another address. Whoever reads the mail of the old one takes it all back,
/// and nobody does so with the same code again.
#[tokio::test]
async fn t051_who_reads_the_mail_takes_the_account_back() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    world.prove_address(&ada).await;
    world.run_jobs().await;
    let open = world.anybody("/vendor/v1");
    let sign_in = |email: &str, password: &str| json!({ "email": email, "password": password });
    let stolen = open.post("auth/sign-in", &sign_in(&ada.email, &ada.password)).await.ok();
    let thief = open.with_token(stolen["access_token"].as_str().unwrap());
    enrol(&world, &thief, &ada.password).await;
    world.run_jobs().await;
    let told = world.mailbox.to(&ada.email);
    assert!(told.last().unwrap().text.contains("take your account back"), "{}", told.last().unwrap().text);
    let code = world.mailbox.code_to(&ada.email);
    thief.post("account/email", &json!({ "email": THIEF, "current_password": ada.password })).await.ok();
    world.run_jobs().await;
    let told = world.mailbox.to(&ada.email);
    assert!(!told.last().unwrap().text.contains("code_"), "an account with a second factor is given no other");
    thief.post("account/email/confirm", &json!({ "code": world.mailbox.code_to(THIEF) })).await.ok();
    thief.post("account/password", &json!({ "current_password": ada.password, "password": "the password of a thief" })).await.ok();
    open.post("auth/sign-in", &sign_in(&ada.email, &ada.password)).await.refused(401, "identity.wrong_credentials");

    let back = json!({ "code": code, "password": "the owner's own again" });
    let weak = json!({ "code": code, "password": "password12" });
    open.post("auth/take-back", &weak).await.refused(422, "identity.leaked_password");
    open.post("auth/take-back", &back).await.ok();
    open.post("auth/take-back", &back).await.refused(422, "identity.code_invalid");
    let owner = open.post("auth/sign-in", &sign_in(&ada.email, "the owner's own again")).await.ok();
    let owner = open.with_token(owner["access_token"].as_str().unwrap());
    assert_eq!(owner.get("account/second-factors").await.ok()["data"], json!([]));
    thief.get("account").await.refused(401, "identity.unauthorized");
    open.post("auth/sign-in", &sign_in(THIEF, "the password of a thief")).await.refused(401, "identity.wrong_credentials");

    // With an authenticator of the owner's own no mail leads round it any more: not a code from before it either.
    owner.post("account/email", &json!({ "email": "new@ada.example", "current_password": "the owner's own again" })).await.ok();
    world.run_jobs().await;
    let before = world.mailbox.code_to(&ada.email);
    enrol(&world, &owner, "the owner's own again").await;
    owner.post("account/email", &json!({ "email": "new@ada.example", "current_password": "the owner's own again" })).await.ok();
    world.run_jobs().await;
    assert!(!world.mailbox.to(&ada.email).last().unwrap().text.contains("code_"), "nor does the notice of another address");
    open.post("auth/take-back", &json!({ "code": before, "password": "whoever read the mail" }))
        .await
        .refused(422, "identity.code_invalid");
}

async fn enrol(world: &World, caller: &tests::Caller, password: &str) {
    let begun = caller.post("account/second-factors/totp", &json!({ "current_password": password })).await.ok();
    let authenticator = world.authenticator(begun["secret"].as_str().unwrap());
    let path = format!("account/second-factors/{}/confirm", begun["id"].as_str().unwrap());
    caller.post(path, &json!({ "code": authenticator.code() })).await.ok();
}

/// Somebody knows the password and takes another address. The mail to the old one brings it back.
#[tokio::test]
async fn t051_an_address_that_was_taken_away_comes_back() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    world.prove_address(&ada).await;
    world.run_jobs().await;
    let open = world.anybody("/vendor/v1");
    let thief = world.vendor(&ada);
    thief.post("account/email", &json!({ "email": THIEF, "current_password": ada.password })).await.ok();
    world.run_jobs().await;
    let code = world.mailbox.code_to(&ada.email);
    thief.post("account/email/confirm", &json!({ "code": world.mailbox.code_to(THIEF) })).await.ok();
    let squatter = json!({ "email": ada.email, "password": "the password of a thief", "owner_name": "Eve", "slug": "squatted", "name": "Squatted",
      "currency": "EUR", "country": "DE", "time_zone": "Europe/Berlin", "prices_include_tax": true });
    open.post("stores", &squatter).await.ok();
    open.post("auth/take-back", &json!({ "code": code, "password": "the owner's own again" })).await.ok();
    let again = json!({ "email": ada.email, "password": "the owner's own again" });
    let owner = open.post("auth/sign-in", &again).await.ok();
    assert_eq!(open.with_token(owner["access_token"].as_str().unwrap()).get("account").await.ok()["email"], ada.email);
    thief.get("account").await.refused(401, "identity.unauthorized");
    world.run_jobs().await;
}

/// Whatever is done while the notice waits, it goes where its code was meant to go; and wrong guesses use no code up.
#[tokio::test]
async fn t051_the_code_goes_to_the_address_that_was_there() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    world.prove_address(&ada).await;
    world.run_jobs().await;
    let thief = world.vendor(&ada);
    thief.post("account/email", &json!({ "email": THIEF, "current_password": ada.password })).await.ok();
    world.run_jobs().await;
    let change = world.mailbox.code_to(THIEF);
    let begun = thief.post("account/second-factors/totp", &json!({ "current_password": ada.password })).await.ok();
    let authenticator = world.authenticator(begun["secret"].as_str().unwrap());
    let path = format!("account/second-factors/{}/confirm", begun["id"].as_str().unwrap());
    for _ in 0..4 {
        thief.post(&path, &json!({ "code": authenticator.wrong_code() })).await.refused(422, "identity.wrong_code");
    }
    thief.post(&path, &json!({ "code": authenticator.code() })).await.ok();
    thief.post("account/email/confirm", &json!({ "code": change })).await.ok();
    world.run_jobs().await;
    let code = world.mailbox.code_to(&ada.email);
    assert!(world.mailbox.to(THIEF).iter().all(|mail| !mail.text.contains(&code)));
    let back = json!({ "code": code, "password": "the owner's own again" });
    world.anybody("/vendor/v1").post("auth/take-back", &back).await.ok();
    world.run_jobs().await;
}

/// Who has read the mail once has nothing of it once the owner has a new password by mail.
#[tokio::test]
async fn t039_a_reset_ends_the_codes_that_were_read_before() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    world.prove_address(&ada).await;
    world.run_jobs().await;
    let open = world.anybody("/vendor/v1");
    world.vendor(&ada).post("account/email", &json!({ "email": THIEF, "current_password": ada.password })).await.ok();
    world.run_jobs().await;
    let read = world.mailbox.code_to(&ada.email);
    open.post("auth/reset-password", &json!({ "email": ada.email })).await.ok();
    world.run_jobs().await;
    let reset = json!({ "code": world.mailbox.code_to(&ada.email), "password": "the owner's own again" });
    open.post("auth/reset-password/confirm", &reset).await.ok();
    open.post("auth/take-back", &json!({ "code": read, "password": "whoever read the mail" })).await.refused(422, "identity.code_invalid");
    world.run_jobs().await;
}

/// A way to sign in that somebody linked lately goes with the password that they knew.
#[tokio::test]
async fn t045_a_way_in_that_a_thief_linked_goes_with_a_reset() {
    let idp = Idp::start().await;
    let world = World::offering(&offered(&[idp.described("own", &["accounts", "customers"])])).await;
    let ada = world.tenant("ada").await;
    world.prove_address(&ada).await;
    register_return_url(&world, &ada).await;
    let (open, shopper, person) = (world.anybody("/vendor/v1"), world.shopper(&ada), Person::proved("thief", THIEF));
    link(&world, &world.vendor(&ada), ("account", Some(&ada.password)), (&idp, "own"), &person).await.ok();
    open.post("auth/reset-password", &json!({ "email": ada.email })).await.ok();
    world.run_jobs().await;
    let reset = json!({ "code": world.mailbox.code_to(&ada.email), "password": "the owner's own again" });
    open.post("auth/reset-password/confirm", &reset).await.ok();
    let again = grant(&world, &idp, &begin_as_account(&world, "own").await, &person).await;
    open.post("auth/oauth/finish", &brought(&again)).await.refused(409, "identity.identity_unknown");

    let grace = Customer::proved(&world, &ada, GRACE).await;
    link(&world, &grace.caller, ("customer", Some(PASSWORD)), (&idp, "own"), &person).await.ok();
    shopper.post("customer/reset-password", &json!({ "email": GRACE })).await.ok();
    world.run_jobs().await;
    let reset = json!({ "code": world.mailbox.code_to(GRACE), "password": "her own once more" });
    shopper.post("customer/reset-password/confirm", &reset).await.ok();
    assert!(texts(&mut world.superuser().await, "SELECT subject FROM customer_identities").await.is_empty());
    let again = grant(&world, &idp, &begin_as_customer(&shopper, "own").await, &person).await;
    let stranger = shopper.post("customer/oauth/finish", &brought(&again)).await.ok();
    let stranger = world.shopper(&ada).with_token(stranger["access_token"].as_str().unwrap());
    assert_eq!(stranger.get("customer").await.ok()["email"], THIEF, "they are who they are");
    world.run_jobs().await;
}
