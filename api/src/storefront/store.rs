use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::Serialize;
use tenancy::{Tenant, TenantId};

use crate::{
    context::Shopper,
    json::{Id, Json},
};

pub(super) fn router() -> Router {
    Router::with_path("store").get(show)
}

/// What a storefront needs to know of its store.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Store {
    id: Id<TenantId>,
    slug: String,
    name: String,
    /// The main currency (ISO 4217).
    currency: String,
    /// All currencies in which the store has prices.
    currencies: Vec<String>,
    /// Where the store is (ISO 3166-1 alpha-2).
    country: String,
    time_zone: String,
    /// Whether prices are shown with tax.
    prices_include_tax: bool,
}

impl From<&Tenant> for Store {
    fn from(tenant: &Tenant) -> Self {
        Self {
            id: tenant.id.into(),
            slug: tenant.slug.clone(),
            name: tenant.name.clone(),
            currency: tenant.currency.clone(),
            currencies: tenant.currencies.clone(),
            country: tenant.country.clone(),
            time_zone: tenant.time_zone.clone(),
            prices_include_tax: tenant.prices_include_tax,
        }
    }
}

/// Show the store.
#[endpoint]
async fn show(shopper: Shopper) -> Json<Store> {
    Json(shopper.store.as_ref().into())
}
