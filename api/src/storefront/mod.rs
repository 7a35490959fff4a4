//! What shoppers call: `/storefront/v1`. Which store is meant is decided by the host name or the publishable key.

mod cart_lines;
mod carts;
mod categories;
mod checkouts;
mod kept;
mod order_page;
mod orders;
mod products;
mod search;
mod shipping_options;
mod store;
mod test_gateway;
mod validators;

use salvo::{
    Router,
    oapi::{RouterExt, SecurityRequirement},
};

pub use kept::KeptAnswers;

use crate::context::shoppers_only;

/// One line a resource.
pub(crate) fn router() -> Router {
    Router::with_path("storefront/v1")
        .oapi_securities([SecurityRequirement::default(), SecurityRequirement::new("publishableKey", Vec::<String>::new())])
        .hoop(shoppers_only)
        .hoop(validators::validate)
        .push(carts::router())
        .push(checkouts::router())
        .push(orders::router())
        .push(search::router())
        .push(shipping_options::router())
        .push(store::router())
        .push(test_gateway::router())
        .push(products::router())
        .push(categories::router())
}
