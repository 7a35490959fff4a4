//! Codes that were mailed: used twice, too late, elsewhere, or asked for in somebody else's name.

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Caller, Customer, World, customer::PASSWORD, database::texts};

fn with(code: &str) -> Value {
    json!({ "code": code, "password": "a password of whoever came" })
}

async fn ask(world: &World, open: &Caller, path: &str, email: &str) -> String {
    open.post(path, &json!({ "email": email })).await.ok();
    world.run_jobs().await;
    world.mailbox.code_to(email)
}

/// One success at most, whatever is done with the codes of one address.
#[tokio::test]
async fn t039_a_code_for_a_password_works_once_and_only_while_it_is_the_latest() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let open = world.anybody("/vendor/v1");
    let confirm = "auth/reset-password/confirm";

    world.run_jobs().await;
    let (first, second) =
        (ask(&world, &open, "auth/reset-password", &ada.email).await, ask(&world, &open, "auth/reset-password", &ada.email).await);
    assert_ne!(first, second);
    let (one, other) = (with(&first), with(&second));
    let answers = join_all((0..6).map(|turn| open.post(confirm, if turn % 2 == 0 { &one } else { &other }))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status() == 204).count(), 1, "whichever came first ended all others");

    let expired = ask(&world, &open, "auth/reset-password", &ada.email).await;
    texts(&mut world.superuser().await, "UPDATE account_codes SET expires_at = now() - interval '1 second' RETURNING 'aged'").await;
    open.post(confirm, &with(&expired)).await.refused(422, "identity.code_invalid");

    // The code was mailed to an address that is the account's no more.
    let before = ask(&world, &open, "auth/reset-password", &bob.email).await;
    let change = json!({ "email": "new@bob.example", "current_password": bob.password });
    world.vendor(&bob).post("account/email", &change).await.ok();
    world.run_jobs().await;
    let proof = json!({ "code": world.mailbox.code_to("new@bob.example") });
    world.vendor(&bob).post("account/email/confirm", &proof).await.ok();
    open.post(confirm, &with(&before)).await.refused(422, "identity.code_invalid");
    world.run_jobs().await;
}

/// The same of customers; and a code of one store is none in another, nor of the other side.
#[tokio::test]
async fn t039_a_customers_code_belongs_to_one_store() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let email = "grace@example.com";
    for store in [&ada, &bob] {
        Customer::register(&world, store, email).await;
    }
    world.run_jobs().await;
    let code = ask(&world, &world.shopper(&ada), "customer/reset-password", email).await;
    let confirm = "customer/reset-password/confirm";
    world.shopper(&bob).post(confirm, &with(&code)).await.refused(422, "identity.code_invalid");
    world.anybody("/vendor/v1").post("auth/reset-password/confirm", &with(&code)).await.refused(422, "identity.code_invalid");
    assert_eq!(world.shopper(&ada).post(confirm, &with(&code)).await.status(), 204);
    world.shopper(&ada).post(confirm, &with(&code)).await.refused(422, "identity.code_invalid");
    world.run_jobs().await;
}

/// A mail says where its store is, not where the request said it was sent.
#[tokio::test]
async fn t040_a_mail_never_shows_the_host_of_the_request() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    Customer::register(&world, &ada, "grace@example.com").await;
    let evil = world
        .anybody("/vendor/v1")
        .on_host("evil.example")
        .with("x-forwarded-host", "evil.example")
        .with("forwarded", "host=evil.example")
        .with("origin", "https://evil.example")
        .with("referer", "https://evil.example/");
    evil.post("auth/reset-password", &json!({ "email": ada.email })).await.ok();
    let shopper = world.shopper(&ada).with("x-forwarded-host", "evil.example").with("forwarded", "host=evil.example");
    shopper.post("customer/reset-password", &json!({ "email": "grace@example.com" })).await.ok();
    world.run_jobs().await;
    let mails = world.mailbox.all();
    assert!(mails.len() >= 3, "{}", mails.len());
    for mail in mails {
        assert!(!format!("{mail:?}").contains("evil"), "{}", mail.text);
    }
}

/// Somebody whose address is known gets five codes an hour, whoever asks, and however the address is written.
#[tokio::test]
async fn t122_one_address_is_not_flooded() {
    let mut world = World::at("2026-03-01T12:00:00Z").await;
    let ada = world.tenant("ada").await;
    let open = world.anybody("/vendor/v1");
    // All at once: each gets the same answer, and none an error.
    let body = json!({ "email": ada.email });
    for reply in join_all((0..8).map(|_| open.post("auth/reset-password", &body))).await {
        assert_eq!(reply.status(), 204, "{}", reply.text());
    }
    for turn in 0..40 {
        let email = if turn % 2 == 0 { ada.email.to_uppercase() } else { format!(" {} ", ada.email) };
        let reply =
            open.with("x-forwarded-for", &format!("198.51.100.{turn}")).post("auth/reset-password", &json!({ "email": email })).await;
        assert!([204, 429].contains(&reply.status()), "{}", reply.text());
    }
    world.run_jobs().await;
    let codes = world.mailbox.to(&ada.email).iter().filter(|mail| mail.text.contains("code_")).count();
    assert!(codes <= 6, "the one that proves the address, and five for a password: {codes}");
    world.clock.advance(TimeDelta::hours(2));
    world.leave_facts();
}

/// However many ask: an address that is to become somebody's is mailed to so often and no more, whose account it may be.
#[tokio::test]
async fn t122_many_who_claim_one_address_do_not_flood_it() {
    let mut world = World::at("2026-03-01T12:00:00Z").await;
    world.leave_facts();
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let mut askers = vec![(world.vendor(&ada), "account/email", ada.password.clone())];
    for (store, number) in [(&ada, 1), (&ada, 2), (&bob, 3), (&bob, 4)] {
        let customer = Customer::register(&world, store, &format!("asker{number}@shopper.example")).await;
        askers.push((customer.caller, "customer/email", PASSWORD.to_owned()));
    }
    let victim = "victim@elsewhere.example";
    for (asker, path, password) in &askers {
        let body = json!({ "email": victim, "current_password": password });
        for _ in 0..5 {
            let reply = asker.post(*path, &body).await;
            assert!([204, 429].contains(&reply.status()), "{}", reply.text());
            assert!(!reply.header("ratelimit").is_some_and(|told| told.contains("letters")), "nobody is told what others have sent");
        }
    }
    world.run_jobs().await;
    let mails = world.mailbox.to(victim).len();
    assert!((1..=20).contains(&mails), "{mails}");
}

/// Nor do many stores in which somebody has registered it, and asks for passwords and proofs; who has proved an address there is written to
/// all the same. What was not sent has cost nobody their way in: they register, and ask again.
#[tokio::test]
async fn t122_many_stores_do_not_flood_an_address() {
    let world = World::with_high_limits().await;
    let victim = "victim@elsewhere.example";
    let email = victim.parse().expect("an address");
    let home = world.tenant("home").await;
    let owner = Customer::proved(&world, &home, victim).await;
    for slug in ["ada", "bob", "cal", "dot", "eve"] {
        let store = world.tenant(slug).await;
        let stranger = Customer::register(&world, &store, victim).await;
        for _ in 0..5 {
            commerce::customers::request_password_reset(&world.db(&store), &world.clock, &email).await.expect("a code");
            stranger.caller.act("customer/verification").await.ok();
        }
        world.run_jobs().await;
    }
    assert_eq!(world.mailbox.to(victim).len(), 20, "the one by which they registered at home among them");
    let late = world.tenant("late").await;
    let registered = Customer::register(&world, &late, victim).await;
    world.run_jobs().await;
    assert_eq!(world.mailbox.to(victim).len(), 20);
    commerce::customers::request_password_reset(&world.db(&home), &world.clock, &email).await.expect("a code");
    world.run_jobs().await;
    assert_eq!(world.mailbox.to(victim).len(), 21, "at home they have proved it");
    owner.caller.get("customer").await.ok();
    texts(&mut world.superuser().await, "UPDATE letter_allowances SET full_at = full_at - interval '6 minutes' RETURNING 'later'").await;
    registered.caller.act("customer/verification").await.ok();
    world.run_jobs().await;
    assert_eq!(world.mailbox.to(victim).len(), 22);
    registered.prove(&world).await.ok();
    world.run_jobs().await;
}

/// Who only guesses at a password has nothing sent, and takes nothing from what others may send.
#[tokio::test]
async fn t122_wrong_passwords_shut_no_address_out() {
    let world = World::with_high_limits().await;
    let ada = world.tenant("ada").await;
    world.run_jobs().await;
    let victim = "victim@elsewhere.example";
    for _ in 0..21 {
        let body = json!({ "email": victim, "current_password": "not this one" });
        assert!([422, 429].contains(&world.vendor(&ada).post("account/email", &body).await.status()));
    }
    Customer::proved(&world, &ada, victim).await;
    world.run_jobs().await;
}
