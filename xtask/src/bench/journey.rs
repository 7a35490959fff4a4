//! What is measured: each operation as the requests a storefront would send.

use serde_json::{Value, json};

use super::shop::Shop;
use crate::demo::text;
use crate::http::{self, Connection};

pub(super) struct Plan {
    pub name: String,
    /// Which program answers, for its processor time.
    pub program: &'static str,
    pub port: &'static str,
    kind: Kind,
}

enum Kind {
    /// One GET out of several, by turns.
    Get {
        host: String,
        paths: Vec<String>,
        headers: Vec<String>,
    },
    Cart {
        host: String,
        variants: Vec<String>,
    },
    Checkout {
        host: String,
        variants: Vec<String>,
    },
}

pub(super) fn all(shop: &Shop) -> Vec<Plan> {
    let host = shop.host.clone();
    let plan = |name: &str, kind| Plan { name: name.to_owned(), program: "api", port: "api", kind };
    let get = |paths| Kind::Get { host: host.clone(), paths, headers: Vec::new() };
    // As if nothing were kept: every answer is made.
    let anew = |paths| Kind::Get { host: host.clone(), paths, headers: vec!["Cache-Control: no-cache".to_owned()] };
    let list = || vec!["/storefront/v1/products?limit=24".to_owned()];
    let details = || shop.slugs.iter().map(|slug| format!("/storefront/v1/products/{slug}")).collect();
    let searches = shop.words.iter().map(|word| format!("/storefront/v1/search?q={word}&limit=24")).collect();
    vec![
        plan("list 24 products with prices", get(list())),
        plan("  the same, nothing kept", anew(list())),
        plan("product detail", get(details())),
        plan("  the same, nothing kept", anew(details())),
        plan("search with 24 hits", get(searches)),
        plan("new cart with one line", Kind::Cart { host: host.clone(), variants: shop.variants.clone() }),
        plan("full guest checkout", Kind::Checkout { host: host.clone(), variants: shop.variants.clone() }),
    ]
}

pub(super) fn floor() -> Plan {
    let kind = Kind::Get { host: "localhost".to_owned(), paths: vec!["/".to_owned()], headers: Vec::new() };
    Plan { name: "floor: one handler, one prepared statement".to_owned(), program: "floor", port: "floor", kind }
}

/// What one turn of an operation has moved.
#[derive(Default)]
pub(super) struct Turn {
    pub bytes: usize,
    pub failed: Option<u16>,
}

impl Plan {
    /// Does the operation once; `turn` picks what it is done to.
    pub(super) async fn once(&self, connection: &mut Connection, turn: usize) -> anyhow::Result<Turn> {
        match &self.kind {
            Kind::Get { host, paths, headers } => {
                let answer = connection.send(&http::request("GET", host, &paths[turn % paths.len()], headers, None)).await?;
                Ok(Turn { bytes: answer.bytes, failed: (answer.status != 200).then_some(answer.status) })
            }
            Kind::Cart { host, variants } => {
                let mut caller = Caller::new(connection, host);
                caller.post("/storefront/v1/carts", None, &cart(variants, turn)).await?;
                Ok(caller.turn)
            }
            Kind::Checkout { host, variants } => {
                let mut caller = Caller::new(connection, host);
                caller.checkout(&cart(variants, turn), turn).await?;
                Ok(caller.turn)
            }
        }
    }
}

fn cart(variants: &[String], turn: usize) -> Value {
    json!({ "lines": [{ "variant_id": variants[turn * 31 % variants.len()], "quantity": 1 }] })
}

/// A guest of a store.
pub(super) struct Caller<'a> {
    connection: &'a mut Connection,
    host: &'a str,
    pub(super) turn: Turn,
}

impl<'a> Caller<'a> {
    pub(super) fn new(connection: &'a mut Connection, host: &'a str) -> Self {
        Self { connection, host, turn: Turn::default() }
    }

    /// A guest buys one thing with the test gateway: cart, checkout, way of sending, payment.
    pub(super) async fn checkout(&mut self, cart: &Value, turn: usize) -> anyhow::Result<()> {
        let Some(cart) = self.post("/storefront/v1/carts", None, cart).await? else { return Ok(()) };
        let address = json!({ "name": "Robin Example", "line1": "Lindenstraße 5", "postcode": "10969", "city": "Berlin", "country": "DE" });
        let details = json!({ "cart_id": text(&cart, "/id")?, "email": "robin@example.com", "shipping_address": address });
        let Some(checkout) = self.post("/storefront/v1/checkouts", None, &details).await? else { return Ok(()) };
        let path = format!("/storefront/v1/checkouts/{}", text(&checkout, "/id")?);
        let choice = json!({ "shipping_method_id": text(&checkout, "/shipping_options/0/id")? });
        let Some(priced) = self.send("PATCH", &path, None, &choice).await? else { return Ok(()) };
        let payment = json!({ "expected_total": priced["total"], "payment": { "gateway": "test", "token": "test_success" } });
        let key = format!("bench-{turn}-{}", text(&checkout, "/id")?);
        self.post(&format!("{path}/complete"), Some(&key), &payment).await.map(|_| ())
    }

    async fn post(&mut self, path: &str, key: Option<&str>, body: &Value) -> anyhow::Result<Option<Value>> {
        self.send("POST", path, key, body).await
    }

    async fn send(&mut self, method: &str, path: &str, key: Option<&str>, body: &Value) -> anyhow::Result<Option<Value>> {
        let headers: Vec<String> = key.map(|key| format!("Idempotency-Key: {key}")).into_iter().collect();
        let answer = self.connection.send(&http::request(method, self.host, path, &headers, Some(body.to_string().as_bytes()))).await?;
        self.turn.bytes += answer.bytes;
        if !(200..300).contains(&answer.status) {
            self.turn.failed = Some(answer.status);
            return Ok(None);
        }
        answer.json().map(Some)
    }
}
