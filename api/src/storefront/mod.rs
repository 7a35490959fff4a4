//! What shoppers call: `/storefront/v1`. Which store is meant is decided by the host name or the publishable key.

mod cart_lines;
mod carts;
mod categories;
mod checkouts;
mod collections;
mod customer;
mod customer_addresses;
mod customer_auth;
mod customer_cart;
mod customer_identities;
mod customer_oauth;
mod customer_orders;
mod customer_privacy;
mod customer_sessions;
mod kept;
mod order_page;
mod orders;
mod product_filter;
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

use crate::context::{customers_known, shoppers_only};

/// One line a resource. What stands in the first block asks nobody who they are: a token that has expired must not be in the
/// way of getting another. The second is for guests and customers, the third for customers alone.
pub(crate) fn router() -> Router {
    let by_host = SecurityRequirement::default;
    let by_key = || SecurityRequirement::new("publishableKey", Vec::<String>::new());
    let signed_in = || SecurityRequirement::new("customerToken", Vec::<String>::new());
    let open = Router::new().oapi_securities([by_host(), by_key()]).push(customer_auth::router()).push(customer_oauth::router());
    let everybody = Router::new()
        .oapi_securities([by_host(), by_key(), signed_in(), signed_in().add("publishableKey", Vec::<String>::new())])
        .hoop(customers_known)
        .push(carts::router())
        .push(checkouts::router())
        .push(orders::router())
        .push(search::router())
        .push(shipping_options::router())
        .push(store::router())
        .push(test_gateway::router())
        .push(products::router())
        .push(categories::router())
        .push(collections::router());
    let customers = Router::new()
        .oapi_securities([signed_in(), signed_in().add("publishableKey", Vec::<String>::new())])
        .hoop(customers_known)
        .push(customer::router())
        .push(customer_addresses::router())
        .push(customer_cart::router())
        .push(customer_identities::router())
        .push(customer_orders::router())
        .push(customer_privacy::router())
        .push(customer_sessions::router());
    Router::with_path("storefront/v1").hoop(shoppers_only).hoop(validators::validate).push(open).push(everybody).push(customers)
}
