//! Customers of a test, made through the API.

use serde_json::{Value, json};

use crate::{Caller, Reply, Store, World};

/// What every customer of a test signs in with, unless told otherwise.
pub const PASSWORD: &str = "a password of a customer";

/// Somebody who is signed in to a store's storefront.
pub struct Customer {
    pub email: String,
    /// Asks with the access token, on the store's own host.
    pub caller: Caller,
    pub refresh_token: String,
}

impl Customer {
    /// Registers and signs in. The address is not proved.
    pub async fn register(world: &World, store: &Store, email: &str) -> Self {
        let request = json!({ "email": email, "password": PASSWORD, "name": "Grace Hopper" });
        world.shopper(store).post("customer/register", &request).await.ok();
        Self::sign_in(world, store, email).await
    }

    /// [`Customer::register`], and proves the address.
    pub async fn proved(world: &World, store: &Store, email: &str) -> Self {
        let customer = Self::register(world, store, email).await;
        world.run_jobs().await;
        customer.prove(world).await.ok();
        customer
    }

    /// Signs in once more.
    pub async fn sign_in(world: &World, store: &Store, email: &str) -> Self {
        Self::of(world, store, email, &try_sign_in(world, store, (email, PASSWORD), None).await.ok())
    }

    /// Whoever the tokens of an answer speak for.
    pub fn of(world: &World, store: &Store, email: &str, tokens: &Value) -> Self {
        let token = |name: &str| tokens[name].as_str().unwrap_or_else(|| panic!("no {name} in {tokens}")).to_owned();
        let caller = world.shopper(store).with_token(&token("access_token"));
        Self { email: email.to_owned(), caller, refresh_token: token("refresh_token") }
    }

    /// Brings back the code of the latest mail to the address.
    pub async fn prove(&self, world: &World) -> Reply {
        self.caller.post("customer/verify-email", &json!({ "code": world.mailbox.code_to(&self.email) })).await
    }
}

/// Signs in, with a guest's cart where there is one.
pub async fn try_sign_in(world: &World, store: &Store, (email, password): (&str, &str), cart: Option<&Value>) -> Reply {
    let mut request = json!({ "email": email, "password": password });
    if let Some(cart) = cart {
        request["cart_id"] = cart["id"].clone();
    }
    world.shopper(store).with("user-agent", "Firefox on a test").post("customer/sign-in", &request).await
}
