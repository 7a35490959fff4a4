//! Signing in to a store by other providers: its own, and those that the platform offers to every store's customers.

use commerce::{
    customers::{self, SignInByProvider},
    identity::oauth::{self, store_providers},
    ids::CartId,
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::Deserialize;

use super::customer_auth::SignedIn;
use crate::{
    Problem, State,
    context::{Body, Device, Shopper, limited_by_address},
    json::{Id, Json, Page},
    oauth::{Begin, Begun, Provider},
    tokens,
};

/// Each beginning leaves a row; whoever finishes has a grant that cannot be guessed.
pub(super) fn router() -> Router {
    Router::with_path("customer")
        .push(Router::with_path("providers").get(list))
        .push(Router::with_path("oauth/begin").hoop(limited_by_address).post(begin))
        .push(Router::with_path("oauth/finish").post(finish))
}

/// What the browser came back with, and what a new customer says of themselves.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct FinishAsCustomer {
    /// Works once, within two minutes.
    #[garde(length(max = 100))]
    #[salvo(schema(max_length = 100))]
    grant: String,
    /// The text whose challenge the flow began with.
    #[garde(length(max = 128))]
    #[salvo(schema(min_length = 43, max_length = 128))]
    code_verifier: String,
    /// The cart that was filled as a guest; it is merged into the customer's by the store's rule.
    #[garde(skip)]
    cart_id: Option<Id<CartId>>,
    /// Of who is new; what the provider tells where it is left out.
    #[garde(inner(length(chars, min = 1, max = 100)))]
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: Option<String>,
    /// Of who is new: whether the store may send news; leave it out where the shopper was not asked.
    #[garde(skip)]
    accepts_marketing: Option<bool>,
}

/// List the providers to sign in by.
#[endpoint]
async fn list(shopper: Shopper, state: State) -> Result<Page<Provider>, Problem> {
    let own = store_providers::list(&shopper.db.begin().await?).await?;
    let own = own.into_iter().filter(|provider| provider.is_enabled);
    let own = own.map(|provider| Provider::new(provider.id.to_string(), provider.name, provider.kind));
    Ok(Page::whole(own.chain(state.providers.for_customers().map(Into::into)).collect()))
}

/// Begin to sign in by a provider.
///
/// Send the browser to `authorization_url`; it comes back to `return_to`, which the store has registered, with a grant.
#[endpoint]
async fn begin(shopper: Shopper, state: State, body: Body<Begin>) -> Result<Json<Begun>, Problem> {
    let means = (&state.providers, &state.clock);
    Ok(Json(oauth::begin_as_customer(&shopper.db, means, &body.0.into(), None).await?.into()))
}

/// Sign in by a provider.
///
/// Who is new becomes a customer, if the provider has proved their address and nobody has it here (`identity.link_first` otherwise);
/// orders that were placed with it by guests are theirs from then on.
#[endpoint]
async fn finish(shopper: Shopper, state: State, device: Device, body: Body<FinishAsCustomer>) -> Result<Json<SignedIn>, Problem> {
    let FinishAsCustomer { grant, code_verifier, cart_id, name, accepts_marketing } = body.0;
    let brought = oauth::Brought { grant, verifier: code_verifier };
    let request = SignInByProvider { brought, cart: cart_id.map(|id| id.0), name, accepts_marketing };
    let means = (&state.providers, &state.carts, &state.clock);
    let signed_in = customers::sign_in_by_provider(&shopper.db, means, &shopper.store, &request, &device.0).await?;
    let tokens = tokens::issue_to_customer(&state, shopper.store.id, signed_in.session)?;
    Ok(Json(SignedIn { tokens, is_cart_merged: signed_in.is_cart_merged }))
}
