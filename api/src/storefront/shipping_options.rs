use commerce::{
    address::{country_fault, is_country},
    ids::{CartId, ShippingMethodId},
    shipping::Quote,
};
use salvo::{
    Router, Writer,
    oapi::{ToParameters, ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};

use crate::{
    Problem, State,
    context::{Query, Shopper},
    json::{Id, Money, Page},
};

pub(super) fn router() -> Router {
    Router::with_path("shipping-options").get(list)
}

/// A way to send a cart's goods, and what it costs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ShippingOption {
    /// What a checkout takes as `shipping_method_id`.
    id: Id<ShippingMethodId>,
    name: String,
    amount: Money,
}

#[derive(Debug, Deserialize, ToParameters, garde::Validate)]
#[serde(deny_unknown_fields)]
#[salvo(parameters(default_parameter_in = Query))]
struct Destination {
    /// ISO 3166-1 alpha-2.
    #[garde(custom(known_country))]
    #[salvo(parameter(pattern = "^[A-Z]{2}$"))]
    country: String,
    /// The cart that is to be sent.
    #[garde(skip)]
    cart: Id<CartId>,
}

/// List the ways to send a cart to a country.
///
/// In the store's own order; none, where the store does not ship to the country or nothing in the cart is shipped.
#[endpoint]
async fn list(shopper: Shopper, state: State, asked: Query<Destination>) -> Result<Page<ShippingOption>, Problem> {
    let priced = shopper.carts(&state).get_for(&shopper.db, asked.0.cart.0, &asked.0.country).await?;
    Ok(Page::whole(priced.shipping_options.into_iter().map(ShippingOption::from).collect()))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is garde's")]
fn known_country(code: &str, (): &()) -> garde::Result {
    if is_country(code) { Ok(()) } else { Err(garde::Error::new(country_fault("").detail)) }
}

impl From<Quote> for ShippingOption {
    fn from(quote: Quote) -> Self {
        Self { id: quote.method_id.into(), name: quote.name, amount: quote.amount.into() }
    }
}
