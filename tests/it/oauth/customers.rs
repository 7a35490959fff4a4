//! Customers who sign in by other providers: each known to one store only, with what they had there as guests.

use futures::future::join_all;
use serde_json::json;
use tests::{
    Customer, Guest, Store, World, a_product,
    database::{execute, texts},
    idp::{Idp, Person},
    oauth::{VERIFIER, begin_as_customer, brought, grant, link, offered, register_return_url, sign_in_as_customer},
};

const GRACE: &str = "grace@shopper.example";

async fn world() -> (World, Idp, Store) {
    let idp = Idp::start().await;
    let world = World::offering(&offered(&[idp.described("own", &["customers"])])).await;
    let ada = world.tenant("ada").await;
    register_return_url(&world, &ada).await;
    (world, idp, ada)
}

fn grace() -> Person {
    Person::proved("grace", GRACE)
}

#[tokio::test]
async fn who_is_new_becomes_a_customer_with_what_they_had_as_a_guest() {
    let (world, idp, ada) = world().await;
    let mug = a_product().titled("Mug").priced("19.90 EUR").create(&world, &ada).await;
    let guest = Guest::of(&world, &ada).with_email(GRACE);
    guest.buy(&mug, 1).await;
    let cart = guest.fill_cart(&mug, 2).await;
    let shopper = world.shopper(&ada);
    let listed = shopper.get("customer/providers").await.ok();
    assert_eq!(listed["data"][0]["id"], "own");
    let first = grant(&world, &idp, &begin_as_customer(&shopper, "own").await, &grace()).await;
    let request = json!({ "grant": first, "code_verifier": VERIFIER, "cart_id": cart["id"], "accepts_marketing": true });
    let tokens = shopper.post("customer/oauth/finish", &request).await.ok();
    assert_eq!(tokens["is_cart_merged"], true);
    let customer = Customer::of(&world, &ada, GRACE, &tokens);
    let shown = customer.caller.get("customer").await.ok();
    assert_eq!((shown["email"].as_str(), shown["accepts_marketing"].as_bool()), (Some(GRACE), Some(true)));
    assert!(shown["email_verified_at"].is_string());
    assert_eq!(customer.caller.get("customer/orders").await.ok()["data"].as_array().unwrap().len(), 1, "what she bought as a guest");
    assert_eq!(customer.caller.get("customer/cart").await.ok()["lines"][0]["quantity"], 2);

    let again = sign_in_as_customer(&world, &ada, (&idp, "own"), &grace()).await;
    assert_eq!(again.caller.get("customer").await.ok()["id"], shown["id"]);
    world.run_jobs().await;
}

/// One identity in two stores is two customers, who share nothing.
#[tokio::test]
async fn one_identity_in_two_stores_is_two_customers() {
    let (world, idp, ada) = world().await;
    let bob = world.tenant("bob").await;
    register_return_url(&world, &bob).await;
    let here = sign_in_as_customer(&world, &ada, (&idp, "own"), &grace()).await;
    let there = sign_in_as_customer(&world, &bob, (&idp, "own"), &grace()).await;
    let (one, other) = (here.caller.get("customer").await.ok(), there.caller.get("customer").await.ok());
    assert_ne!(one["id"], other["id"]);
    let pairs =
        texts(&mut world.superuser().await, "SELECT tenant_id::text FROM customer_identities WHERE subject = 'grace' ORDER BY 1").await;
    let mut stores = [ada.id.uuid().to_string(), bob.id.uuid().to_string()];
    stores.sort();
    assert_eq!(pairs, stores);
    let identity = here.caller.get("customer/identities").await.ok()["data"][0]["id"].as_str().unwrap().to_owned();
    there.caller.delete(format!("customer/identities/{identity}")).await.refused(404, "identity.identity_not_found");
    world.run_jobs().await;
}

/// An address that a provider tells of opens no account that was there, and joins no orders unless it is proved.
#[tokio::test]
async fn t043_an_address_links_nothing() {
    let (world, idp, ada) = world().await;
    let mug = a_product().create(&world, &ada).await;
    Customer::proved(&world, &ada, "known@shopper.example").await;
    Guest::of(&world, &ada).with_email(GRACE).buy(&mug, 1).await;
    let shopper = world.shopper(&ada);
    for (person, code) in [
        (Person::proved("x", "known@shopper.example"), "identity.link_first"),
        (Person { is_verified: false, ..Person::proved("x", "known@shopper.example") }, "identity.email_unproved"),
        // The same whether anybody has it or not.
        (Person { is_verified: false, ..Person::proved("x", GRACE) }, "identity.email_unproved"),
        (Person { email: None, ..grace() }, "identity.email_unproved"),
    ] {
        let grant = grant(&world, &idp, &begin_as_customer(&shopper, "own").await, &person).await;
        shopper.post("customer/oauth/finish", &brought(&grant)).await.refused(409, code);
    }
    let mut superuser = world.superuser().await;
    assert_eq!(texts(&mut superuser, "SELECT email FROM customers").await, ["known@shopper.example"]);
    assert!(texts(&mut superuser, "SELECT id::text FROM orders WHERE customer_id IS NOT NULL").await.is_empty());
    world.run_jobs().await;
}

/// Ten at once with one grant: one customer, one session, and the guest's cart counts once.
#[tokio::test]
async fn a_grant_works_once_however_many_bring_it() {
    let (world, idp, ada) = world().await;
    let mug = a_product().create(&world, &ada).await;
    let cart = Guest::of(&world, &ada).fill_cart(&mug, 2).await;
    let shopper = world.shopper(&ada);
    let grant = grant(&world, &idp, &begin_as_customer(&shopper, "own").await, &grace()).await;
    let request = json!({ "grant": grant, "code_verifier": VERIFIER, "cart_id": cart["id"] });
    let answers = join_all((0..10).map(|_| shopper.post("customer/oauth/finish", &request))).await;
    let signed_in: Vec<_> = answers.iter().filter(|answer| answer.status() == 200).collect();
    let told: Vec<String> = answers.iter().map(|answer| format!("{} {}", answer.status(), answer.text())).collect();
    assert_eq!(signed_in.len(), 1, "{told:#?}");
    let mut superuser = world.superuser().await;
    for table in ["customers", "customer_identities", "customer_refresh_tokens"] {
        assert_eq!(texts(&mut superuser, &format!("SELECT count(*)::text FROM {table}")).await, ["1"], "{table}");
    }
    assert!(texts(&mut superuser, "SELECT id::text FROM customer_oauth_flows").await.is_empty());
    let customer = Customer::of(&world, &ada, GRACE, &signed_in[0].ok());
    assert_eq!(customer.caller.get("customer/cart").await.ok()["lines"][0]["quantity"], 2);
    world.run_jobs().await;
}

/// Who registered somebody else's address and linked themselves is out when its owner proves it.
#[tokio::test]
async fn an_identity_that_was_linked_before_the_address_was_proved_goes_with_the_proof() {
    let (world, idp, ada) = world().await;
    let squatter = Customer::register(&world, &ada, GRACE).await;
    let mallory = Person::proved("mallory", "mallory@evil.example");
    link(&world, &squatter.caller, ("customer", Some(tests::customer::PASSWORD)), (&idp, "own"), &mallory).await.ok();
    let shopper = world.shopper(&ada);
    shopper.post("customer/reset-password", &json!({ "email": GRACE })).await.ok();
    world.run_jobs().await;
    let code = world
        .mailbox
        .all()
        .iter()
        .rev()
        .filter(|mail| mail.to == GRACE && mail.text.contains("new password"))
        .find_map(|mail| mail.text.lines().find(|line| line.starts_with("code_")).map(str::to_owned));
    let confirm = json!({ "code": code.unwrap(), "password": "the owner's own password" });
    shopper.post("customer/reset-password/confirm", &confirm).await.ok();
    let grant = grant(&world, &idp, &begin_as_customer(&shopper, "own").await, &mallory).await;
    let tokens = shopper.post("customer/oauth/finish", &brought(&grant)).await.ok();
    let became = Customer::of(&world, &ada, "mallory@evil.example", &tokens);
    assert_eq!(became.caller.get("customer").await.ok()["email"], "mallory@evil.example", "somebody of their own, not the owner");
    world.run_jobs().await;
}

#[tokio::test]
async fn a_store_that_is_closed_lets_nobody_in() {
    let (world, idp, ada) = world().await;
    let shopper = world.shopper(&ada);
    let grant = grant(&world, &idp, &begin_as_customer(&shopper, "own").await, &grace()).await;
    let operator = world.operator().await;
    operator.post(format!("tenants/{}/suspend", ada.id), &json!({ "reason": "a test" })).await.ok();
    shopper.post("customer/oauth/finish", &brought(&grant)).await.refused(403, "tenancy.store_suspended");
    world.run_jobs().await;
}

/// A customer without a password has a copy of their data, which tells who they are elsewhere, and an end, after which nothing does.
#[tokio::test]
async fn t134_who_has_no_password_has_a_copy_and_an_end() {
    let (world, idp, ada) = world().await;
    let grace = sign_in_as_customer(&world, &ada, (&idp, "own"), &grace()).await;
    let caller = &grace.caller;
    assert_eq!(caller.get("customer").await.ok()["has_password"], false);
    let mut superuser = world.superuser().await;
    execute(&mut superuser, "UPDATE customer_refresh_tokens SET began_at = now() - interval '11 minutes'").await;
    for path in ["customer/exports", "customer/erasure"] {
        caller.post(path, &json!({})).await.refused(403, "identity.sign_in_again");
    }
    execute(&mut superuser, "UPDATE customer_refresh_tokens SET began_at = now()").await;
    let copy = caller.post("customer/exports", &json!({})).await;
    assert_eq!(copy.status(), 202, "{}", copy.text());
    world.run_jobs().await;
    let copy = caller.get(format!("customer/exports/{}/download", copy.json()["id"].as_str().unwrap())).await.ok();
    assert_eq!((&copy["identities"][0]["issuer"], &copy["identities"][0]["subject"]), (&json!(idp.issuer), &json!("grace")));

    // One flow in which the provider has named them, and nobody came back.
    grant(&world, &idp, &begin_as_customer(&world.shopper(&ada), "own").await, &self::grace()).await;
    let kept = "SELECT subject FROM customer_oauth_flows WHERE subject IS NOT NULL UNION ALL SELECT subject FROM customer_identities";
    assert_eq!(texts(&mut superuser, kept).await.len(), 2);
    assert_eq!(caller.post("customer/erasure", &json!({})).await.status(), 202);
    world.run_jobs().await;
    assert!(texts(&mut superuser, kept).await.is_empty());
}
