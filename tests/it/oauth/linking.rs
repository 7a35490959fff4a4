//! Ways to sign in that somebody adds to their account, and takes away again: signed in, asked again who they are, and told by mail.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{
    Caller, Customer, Store, World,
    customer::PASSWORD,
    database::{execute, texts},
    idp::{Idp, Person},
    oauth::{
        DASHBOARD, STOREFRONT, VERIFIER, begin, begin_as_account, begin_as_customer, brought, grant, link, offered, register_return_url,
        sign_in_as_customer,
    },
};

const GRACE: &str = "grace@shopper.example";

async fn world() -> (World, Idp, Store) {
    let idp = Idp::start().await;
    let world = World::offering(&offered(&[idp.described("own", &["accounts", "customers"])])).await;
    let ada = world.tenant("ada").await;
    register_return_url(&world, &ada).await;
    (world, idp, ada)
}

async fn begin_link(caller: &Caller, base: &str, password: Value) -> tests::Reply {
    let mut request = begin("own", if base == "account" { DASHBOARD } else { STOREFRONT });
    request["current_password"] = password;
    caller.post(format!("{base}/identities/begin"), &request).await
}

#[tokio::test]
async fn an_account_adds_a_way_to_sign_in_and_takes_it_away() {
    let (world, idp, ada) = world().await;
    let owner = world.vendor(&ada);
    for wrong in [json!("not this one"), json!(""), Value::Null] {
        let problem = begin_link(&owner, "account", wrong).await.refused(422, "identity.wrong_password");
        assert_eq!(problem["errors"][0]["pointer"], "/current_password");
    }
    let person = Person::proved("ada", "ada@elsewhere.example");
    let linked = link(&world, &owner, ("account", Some(&ada.password)), (&idp, "own"), &person).await.ok();
    assert_eq!((&linked["issuer"], &linked["provider_name"]), (&json!(idp.issuer), &json!("The test's own")));
    assert_eq!(owner.get("account/identities").await.ok()["data"], json!([linked]));
    link(&world, &owner, ("account", Some(&ada.password)), (&idp, "own"), &person).await.refused(409, "identity.identity_taken");
    world.run_jobs().await;
    let told = |subject: &str| world.mailbox.to(&ada.email).into_iter().find(|mail| mail.subject.starts_with(subject));
    let mail = told("A way to sign in was added").expect("a mail").text;
    assert!(mail.contains("127.0.0.1"), "{mail}");

    let path = format!("account/identities/{}", linked["id"].as_str().unwrap());
    let bob = world.tenant("bob").await;
    world.vendor(&bob).delete(&path).await.refused(404, "identity.identity_not_found");
    link(&world, &world.vendor(&bob), ("account", Some(&bob.password)), (&idp, "own"), &person)
        .await
        .refused(409, "identity.identity_taken");
    assert_eq!(owner.delete(&path).await.status(), 204);
    owner.delete(&path).await.refused(404, "identity.identity_not_found");
    let grant = grant(&world, &idp, &begin_as_account(&world, "own").await, &person).await;
    world.anybody("/vendor/v1").post("auth/oauth/finish", &brought(&grant)).await.refused(409, "identity.identity_unknown");
    world.run_jobs().await;
    assert!(told("A way to sign in was taken away").is_some());
    let key = world.anybody("/vendor/v1").with_token(&ada.secret_key);
    key.get("account/identities").await.refused(403, "identity.accounts_only");
}

/// A flow that began to link signs nobody in, links nobody else, and one that began as a sign-in links nobody.
#[tokio::test]
async fn a_flow_is_good_for_what_it_began_for() {
    let (mut world, idp, ada) = world().await;
    world.leave_facts();
    let bob = world.tenant("bob").await;
    let person = Person::proved("ada", "ada@elsewhere.example");
    let begun = begin_link(&world.vendor(&ada), "account", json!(ada.password)).await;
    let to_link = brought(&grant(&world, &idp, &begun, &person).await);
    let open = world.anybody("/vendor/v1");
    open.post("auth/oauth/finish", &to_link).await.refused(422, "identity.grant_invalid");
    world.vendor(&bob).post("account/identities/finish", &to_link).await.refused(422, "identity.grant_invalid");
    open.post("account/identities/finish", &to_link).await.refused(401, "identity.unauthorized");
    let to_sign_in = brought(&grant(&world, &idp, &begin_as_account(&world, "own").await, &person).await);
    world.vendor(&ada).post("account/identities/finish", &to_sign_in).await.refused(422, "identity.grant_invalid");
    assert!(texts(&mut world.superuser().await, "SELECT subject FROM account_identities").await.is_empty());
    world.vendor(&ada).post("account/identities/finish", &to_link).await.ok();

    let grace = Customer::register(&world, &ada, GRACE).await;
    let mary = Customer::register(&world, &ada, "mary@shopper.example").await;
    let begun = begin_link(&grace.caller, "customer", json!(PASSWORD)).await;
    let to_link = brought(&grant(&world, &idp, &begun, &person).await);
    mary.caller.post("customer/identities/finish", &to_link).await.refused(422, "identity.grant_invalid");
    world.shopper(&ada).post("customer/oauth/finish", &to_link).await.refused(422, "identity.grant_invalid");
    let shopper = world.shopper(&ada);
    let to_sign_in = brought(&grant(&world, &idp, &begin_as_customer(&shopper, "own").await, &person).await);
    grace.caller.post("customer/identities/finish", &to_sign_in).await.refused(422, "identity.grant_invalid");
    grace.caller.post("customer/identities/finish", &to_link).await.ok();
}

/// Who has no password must have signed in just now to add a way, and keeps one way at least, however many requests say otherwise.
#[tokio::test]
async fn who_has_no_password_keeps_a_way_in() {
    let (world, idp, ada) = world().await;
    let first = Person::proved("one", GRACE);
    let grace = sign_in_as_customer(&world, &ada, (&idp, "own"), &first).await;
    let ids = async || -> Vec<String> {
        let held = grace.caller.get("customer/identities").await.ok();
        held["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    grace.caller.delete(format!("customer/identities/{}", ids().await[0])).await.refused(409, "identity.last_way_in");
    link(&world, &grace.caller, ("customer", None), (&idp, "own"), &Person::proved("two", "x@y.example")).await.ok();
    let both = ids().await;
    let answers = join_all(both.iter().map(|id| grace.caller.delete(format!("customer/identities/{id}")))).await;
    let mut statuses: Vec<u16> = answers.iter().map(tests::Reply::status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409], "one of two goes");
    assert_eq!(ids().await.len(), 1);

    execute(&mut world.superuser().await, "UPDATE customer_refresh_tokens SET began_at = now() - interval '11 minutes'").await;
    begin_link(&grace.caller, "customer", Value::Null).await.refused(403, "identity.sign_in_again");
    world.run_jobs().await;
    let mails: Vec<String> = world.mailbox.to(GRACE).into_iter().map(|mail| mail.subject).collect();
    assert!(mails.iter().any(|subject| subject.starts_with("A way to sign in was added")), "{mails:?}");
}

#[tokio::test]
async fn an_account_without_a_password_keeps_a_way_in() {
    let (world, idp, _) = world().await;
    let open = world.anybody("/vendor/v1");
    let person = Person::proved("one", "ida@loom.example");
    let grants = grant(&world, &idp, &begin_as_account(&world, "own").await, &person).await;
    let store = json!({ "grant": grants, "code_verifier": VERIFIER, "owner_name": "Ida", "slug": "loom", "name": "Loom", "currency": "EUR",
                        "country": "DE", "time_zone": "Europe/Berlin", "prices_include_tax": true });
    let opened = open.post("stores/by-provider", &store).await.ok();
    let ida = open.with_token(opened["access_token"].as_str().unwrap());
    let id = ida.get("account/identities").await.ok()["data"][0]["id"].as_str().unwrap().to_owned();
    ida.delete(format!("account/identities/{id}")).await.refused(409, "identity.last_way_in");
    link(&world, &ida, ("account", None), (&idp, "own"), &Person::proved("two", "x@y.example")).await.ok();
    let ids = [id, ida.get("account/identities").await.ok()["data"][1]["id"].as_str().unwrap().to_owned()];
    let answers = join_all(ids.iter().map(|id| ida.delete(format!("account/identities/{id}")))).await;
    let mut statuses: Vec<u16> = answers.iter().map(tests::Reply::status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
    execute(&mut world.superuser().await, "UPDATE refresh_tokens SET proved_at = now() - interval '11 minutes'").await;
    begin_link(&ida, "account", Value::Null).await.refused(403, "identity.sign_in_again");
    world.run_jobs().await;
}

/// Who opened an account with somebody else's address and linked themselves is out when its owner proves it.
#[tokio::test]
async fn what_was_linked_before_the_address_was_proved_goes_with_the_proof() {
    let (world, idp, ada) = world().await;
    let mallory = Person::proved("mallory", "mallory@evil.example");
    link(&world, &world.vendor(&ada), ("account", Some(&ada.password)), (&idp, "own"), &mallory).await.ok();
    let open = world.anybody("/vendor/v1");
    let long_ago = "UPDATE account_identities SET created_at = created_at - interval '4 days' RETURNING 'old'";
    texts(&mut world.superuser().await, long_ago).await;
    open.post("auth/reset-password", &json!({ "email": ada.email })).await.ok();
    world.run_jobs().await;
    let code = || {
        world
            .mailbox
            .to(&ada.email)
            .iter()
            .rev()
            .find_map(|mail| mail.text.lines().find(|line| line.starts_with("code_")).map(str::to_owned))
    };
    let confirm = json!({ "code": code().unwrap(), "password": "the owner's own password" });
    open.post("auth/reset-password/confirm", &confirm).await.ok();
    let grants = grant(&world, &idp, &begin_as_account(&world, "own").await, &mallory).await;
    open.post("auth/oauth/finish", &brought(&grants)).await.refused(409, "identity.identity_unknown");
    // What is linked from then on stays, once it is some days old.
    let sign_in = json!({ "email": ada.email, "password": "the owner's own password" });
    let owner = open.with_token(open.post("auth/sign-in", &sign_in).await.ok()["access_token"].as_str().unwrap());
    let own = Person::proved("ada", "ada@elsewhere.example");
    link(&world, &owner, ("account", Some("the owner's own password")), (&idp, "own"), &own).await.ok();
    texts(&mut world.superuser().await, long_ago).await;
    open.post("auth/reset-password", &json!({ "email": ada.email })).await.ok();
    world.run_jobs().await;
    open.post("auth/reset-password/confirm", &json!({ "code": code().unwrap(), "password": "another password" })).await.ok();
    let grants = grant(&world, &idp, &begin_as_account(&world, "own").await, &own).await;
    open.post("auth/oauth/finish", &brought(&grants)).await.ok();
    world.run_jobs().await;
}
