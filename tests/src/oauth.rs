//! A browser's way to a provider and back, as a client of the API walks it.

use serde_json::{Value, json};

use crate::{
    Caller, Customer, Reply, Store, World,
    idp::{Idp, Person, form, query},
};

/// A secret of a client, and its challenge (the example of RFC 7636, appendix B).
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Where browsers end.
pub const DASHBOARD: &str = "https://dashboard.example/in?from=provider";
pub const STOREFRONT: &str = "https://mugs.example/in";

/// What the configuration says of some providers.
pub fn offered(providers: &[Value]) -> Value {
    json!({ "return_urls": [DASHBOARD], "providers": providers })
}

/// A flow to begin.
pub fn begin(provider: &str, return_to: &str) -> Value {
    json!({ "provider": provider, "return_to": return_to, "code_challenge": CHALLENGE, "code_challenge_method": "S256" })
}

/// The way to the provider, once it has begun.
pub fn page(begun: &Reply) -> String {
    begun.ok()["authorization_url"].as_str().expect("an address").to_owned()
}

/// The browser comes back with this query.
pub async fn come_back(world: &World, query: &str) -> Reply {
    world.anybody("/").get(format!("/oauth/callback?{query}")).await
}

/// Where the browser is sent.
#[track_caller]
pub fn sent_to(reply: &Reply) -> String {
    assert_eq!(reply.status(), 303, "{}", reply.text());
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    reply.header("location").expect("where to").to_owned()
}

/// There and back: the grant.
pub async fn grant(world: &World, idp: &Idp, begun: &Reply, person: &Person) -> String {
    let back = come_back(world, &idp.agree(&page(begun), person)).await;
    let to = sent_to(&back);
    query(&to).get("grant").unwrap_or_else(|| panic!("no grant in {to}")).clone()
}

/// There and back: the word for what went wrong.
pub async fn error(world: &World, idp: &Idp, begun: &Reply, person: &Person) -> String {
    let back = come_back(world, &idp.agree(&page(begun), person)).await;
    let to = sent_to(&back);
    query(&to).get("error").unwrap_or_else(|| panic!("no error in {to}")).clone()
}

/// What a client finishes with.
pub fn brought(grant: &str) -> Value {
    json!({ "grant": grant, "code_verifier": VERIFIER })
}

/// Begins as an account that is not known yet.
pub async fn begin_as_account(world: &World, provider: &str) -> Reply {
    world.anybody("/vendor/v1").post("auth/oauth/begin", &begin(provider, DASHBOARD)).await
}

/// Begins as a shopper of a store.
pub async fn begin_as_customer(shopper: &Caller, provider: &str) -> Reply {
    shopper.post("customer/oauth/begin", &begin(provider, STOREFRONT)).await
}

/// Registers where a store's customers come back to.
pub async fn register_return_url(world: &World, store: &Store) {
    world.vendor(store).post("return-urls", &json!({ "url": STOREFRONT })).await.ok();
}

/// Signs in to a store by a provider, and becomes its customer where there was none.
pub async fn sign_in_as_customer(world: &World, store: &Store, (idp, provider): (&Idp, &str), person: &Person) -> Customer {
    let shopper = world.shopper(store);
    let grant = grant(world, idp, &begin_as_customer(&shopper, provider).await, person).await;
    let tokens = shopper.post("customer/oauth/finish", &brought(&grant)).await.ok();
    Customer::of(world, store, person.email.as_deref().unwrap_or_default(), &tokens)
}

/// Links who is signed in at `base` (`account`, `customer`) to somebody elsewhere.
pub async fn link(
    world: &World,
    caller: &Caller,
    (base, password): (&str, Option<&str>),
    (idp, provider): (&Idp, &str),
    person: &Person,
) -> Reply {
    let return_to = if base == "account" { DASHBOARD } else { STOREFRONT };
    let mut request = begin(provider, return_to);
    if let Some(password) = password {
        request["current_password"] = password.into();
    }
    let begun = caller.post(format!("{base}/identities/begin"), &request).await;
    let grant = grant(world, idp, &begun, person).await;
    caller.post(format!("{base}/identities/finish"), &brought(&grant)).await
}

/// What a provider that posts its answer has the browser send.
pub async fn post_back(world: &World, parameters: &[(&str, String)]) -> Reply {
    world.anybody("/").upload("/oauth/callback", "application/x-www-form-urlencoded", form(parameters).into_bytes()).await
}
