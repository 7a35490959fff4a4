use chrono::{DateTime, Utc};
use commerce::stores::{
    settings::{self, Settings, SettingsChanges},
    tenants,
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::{Permission, TenantId};

use crate::{
    Problem, State,
    context::{Body, IfMatch, Vendor},
    json::{Id, Tagged},
};

pub(super) fn router() -> Router {
    Router::with_path("store").get(show).patch(update)
}

/// The store and its settings.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Store {
    id: Id<TenantId>,
    slug: String,
    /// `active`, or `suspended` by the platform: then it can be read and not changed.
    status: &'static str,
    name: String,
    contact_email: String,
    /// The main currency (ISO 4217).
    currency: String,
    /// All currencies in which the store has prices, the main one among them.
    currencies: Vec<String>,
    /// ISO 3166-1 alpha-2.
    country: String,
    time_zone: String,
    prices_include_tax: bool,
    /// How long an open checkout holds its goods.
    reservation_minutes: i32,
    cart_merge: CartMerge,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Store {
    pub(super) fn new(id: TenantId, slug: String, status: &'static str, settings: Settings) -> Self {
        Self {
            id: id.into(),
            slug,
            status,
            name: settings.name,
            contact_email: settings.contact_email,
            currency: settings.currency,
            currencies: settings.currencies,
            country: settings.country,
            time_zone: settings.time_zone,
            prices_include_tax: settings.prices_include_tax,
            reservation_minutes: settings.reservation_minutes,
            cart_merge: settings.cart_merge.into(),
            version: settings.version,
            created_at: settings.created_at,
            updated_at: settings.updated_at,
        }
    }

    fn of(vendor: &Vendor, settings: Settings) -> Tagged<Self> {
        let version = settings.version;
        Tagged { version, body: Self::new(vendor.store.id, vendor.store.slug.clone(), tenants::word(vendor.store.status), settings) }
    }
}

/// What becomes of quantities when a guest signs in whose cart and whose own cart hold the same variant. What only one of them holds
/// is kept by every rule.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum CartMerge {
    /// They add up.
    Sum,
    /// The cart that was changed last says how many.
    Newest,
    /// Neither wish is lessened: a variant has one line, so the greater quantity stands.
    KeepBoth,
}

impl From<settings::CartMerge> for CartMerge {
    fn from(rule: settings::CartMerge) -> Self {
        match rule {
            settings::CartMerge::Sum => Self::Sum,
            settings::CartMerge::Newest => Self::Newest,
            settings::CartMerge::KeepBoth => Self::KeepBoth,
        }
    }
}

impl From<CartMerge> for settings::CartMerge {
    fn from(rule: CartMerge) -> Self {
        match rule {
            CartMerge::Sum => Self::Sum,
            CartMerge::Newest => Self::Newest,
            CartMerge::KeepBoth => Self::KeepBoth,
        }
    }
}

/// What may change. Absent leaves.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct ChangeStore {
    #[garde(inner(length(chars, min = 1, max = 100)))]
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: Option<String>,
    #[garde(inner(length(max = 254)))]
    #[salvo(schema(max_length = 254))]
    contact_email: Option<String>,
    #[garde(inner(length(max = 3)))]
    #[salvo(schema(pattern = "^[A-Z]{3}$"))]
    currency: Option<String>,
    /// Replaces the list; the main currency is always one of it.
    #[garde(inner(length(max = 20)))]
    currencies: Option<Vec<String>>,
    #[garde(inner(length(max = 2)))]
    #[salvo(schema(pattern = "^[A-Z]{2}$"))]
    country: Option<String>,
    #[garde(inner(length(max = 64)))]
    #[salvo(schema(max_length = 64))]
    time_zone: Option<String>,
    #[garde(skip)]
    prices_include_tax: Option<bool>,
    #[garde(inner(range(min = 1, max = 1440)))]
    #[salvo(schema(minimum = 1, maximum = 1440))]
    reservation_minutes: Option<i32>,
    #[garde(skip)]
    cart_merge: Option<CartMerge>,
}

/// Show the store.
#[endpoint]
async fn show(vendor: Vendor) -> Result<Tagged<Store>, Problem> {
    vendor.require(Permission::ReadSettings)?;
    let tx = vendor.db.begin().await?;
    Ok(Store::of(&vendor, settings::find(&tx).await?))
}

/// Change the store's settings.
#[endpoint]
async fn update(vendor: Vendor, state: State, if_match: IfMatch, body: Body<ChangeStore>) -> Result<Tagged<Store>, Problem> {
    vendor.require(Permission::WriteSettings)?;
    let tx = vendor.db.begin().await?;
    let settings = settings::change(&tx, &state.clock, if_match.version(), body.0.into()).await?;
    tx.commit().await?;
    Ok(Store::of(&vendor, settings))
}

impl From<ChangeStore> for SettingsChanges {
    fn from(asked: ChangeStore) -> Self {
        Self {
            name: asked.name,
            contact_email: asked.contact_email,
            currency: asked.currency,
            currencies: asked.currencies,
            country: asked.country,
            time_zone: asked.time_zone,
            prices_include_tax: asked.prices_include_tax,
            reservation_minutes: asked.reservation_minutes,
            cart_merge: asked.cart_merge.map(Into::into),
        }
    }
}
