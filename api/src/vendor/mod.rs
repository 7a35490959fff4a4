//! What vendors call: `/vendor/v1`. The credential says which store; each handler's first line says what it takes.

mod account;
mod analytics;
mod attributes;
mod audit;
mod auth;
mod categories;
mod collection_products;
mod collections;
mod customers;
mod duplicates;
mod fulfillments;
mod identities;
mod identity_providers;
mod images;
mod imports;
mod invitations;
mod keys;
mod locations;
mod media;
mod members;
mod oauth;
mod old_slugs;
mod options;
mod orders;
mod ownership;
mod payments;
mod prices;
mod privacy;
mod product;
mod product_types;
mod products;
mod related;
mod return_urls;
mod roles;
mod second_factors;
mod shipping_methods;
mod shipping_zones;
mod stock_levels;
mod store;
mod stores;
mod support_sessions;
mod tags;
mod tax_rates;
mod variant_edits;
mod variant_matrix;
mod variants;

use salvo::{
    Router,
    oapi::{RouterExt, SecurityRequirement},
};

use crate::context::{limited_by_address, vendors_only};

/// One line a resource. What stands in the first block is open to everyone and limited by client address.
pub(crate) fn router() -> Router {
    let open = Router::new()
        .oapi_security(SecurityRequirement::default())
        .hoop(limited_by_address)
        .push(stores::router())
        .push(auth::router())
        .push(oauth::router());
    let members = Router::new()
        .oapi_security(SecurityRequirement::new("accessToken", Vec::<String>::new()))
        .oapi_security(SecurityRequirement::new("secretKey", Vec::<String>::new()))
        .hoop(vendors_only)
        .push(account::router())
        .push(second_factors::router())
        .push(identities::router())
        .push(store::router())
        .push(keys::router())
        .push(identity_providers::router())
        .push(return_urls::router())
        .push(members::router())
        .push(invitations::router())
        .push(roles::router())
        .push(ownership::router())
        .push(analytics::router())
        .push(audit::router())
        .push(support_sessions::router())
        .push(orders::router())
        .push(payments::router())
        .push(customers::router())
        .push(privacy::router())
        .push(products::router())
        .push(product_types::router())
        .push(attributes::router())
        .push(categories::router())
        .push(collections::router())
        .push(tags::router())
        .push(media::router())
        .push(imports::router())
        .push(locations::router())
        .push(stock_levels::router())
        .push(tax_rates::router())
        .push(shipping_zones::router())
        .push(shipping_methods::router());
    Router::with_path("vendor/v1").push(open).push(members)
}
