//! The way from a product to an order, as a guest walks it through the API.

use commerce::{catalog::Product, ids::VariantId};
use serde_json::{Value, json};

use crate::{Caller, Customer, Reply, Store, World};

/// An address in a country of the EU.
pub fn an_address(country: &str) -> Value {
    json!({ "name": "Grace Hopper", "line1": "Torstraße 1", "postcode": "10119", "city": "Berlin", "country": country })
}

/// A guest who buys one variant in one store.
pub struct Guest {
    shopper: Caller,
    email: String,
    country: &'static str,
}

impl Guest {
    pub fn of(world: &World, store: &Store) -> Self {
        Self { shopper: world.shopper(store), email: "grace@shopper.example".to_owned(), country: "DE" }
    }

    /// No guest any more: somebody who is signed in.
    pub fn signed_in(customer: &Customer) -> Self {
        Self { shopper: customer.caller.clone(), email: customer.email.clone(), country: "DE" }
    }

    /// The same guest, living elsewhere.
    pub fn in_country(self, country: &'static str) -> Self {
        Self { country, ..self }
    }

    /// The same guest, reading mail elsewhere.
    pub fn with_email(self, email: &str) -> Self {
        Self { email: email.to_owned(), ..self }
    }

    /// A cart with so many of the product's first variant.
    pub async fn fill_cart(&self, product: &Product, quantity: u32) -> Value {
        let variant: VariantId = product.variants[0].id;
        let lines = json!({ "lines": [{ "variant_id": variant, "quantity": quantity }] });
        self.shopper.post("carts", &lines).await.ok()
    }

    /// Opens a checkout with an e-mail and an address, the goods not yet sent by any method.
    pub async fn try_checkout(&self, cart: &Value) -> Reply {
        let request = json!({ "cart_id": cart["id"], "email": self.email, "shipping_address": an_address(self.country) });
        self.shopper.post("checkouts", &request).await
    }

    /// A checkout that only wants to be paid: the first way of shipping is chosen.
    pub async fn checkout(&self, product: &Product, quantity: u32) -> Value {
        let cart = self.fill_cart(product, quantity).await;
        let checkout = self.try_checkout(&cart).await.ok();
        let path = format!("checkouts/{}", checkout["id"].as_str().expect("an id"));
        let method = json!({ "shipping_method_id": checkout["shipping_options"][0]["id"] });
        self.shopper.patch(&path, &method).await.ok()
    }

    /// Completes a checkout at its total by the test gateway, under an idempotency key.
    pub async fn pay(&self, checkout: &Value, token: &str, key: &str) -> Reply {
        self.complete(checkout, &json!({ "gateway": "test", "token": token }), key).await
    }

    /// Completes a checkout at its total.
    pub async fn complete(&self, checkout: &Value, payment: &Value, key: &str) -> Reply {
        let path = format!("checkouts/{}/complete", checkout["id"].as_str().expect("an id"));
        let request = json!({ "expected_total": checkout["total"], "payment": payment });
        self.shopper.with_key(key).post(&path, &request).await
    }

    /// Buys, and answers the placed order.
    pub async fn buy(&self, product: &Product, quantity: u32) -> Value {
        let checkout = self.checkout(product, quantity).await;
        let key = checkout["id"].as_str().expect("an id").to_owned();
        let placed = self.pay(&checkout, "test_success", &key).await.ok();
        placed["order"].clone()
    }
}
