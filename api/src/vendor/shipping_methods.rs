use chrono::{DateTime, Utc};
use commerce::{
    ids::{ShippingMethodId, ShippingZoneId},
    shipping::{self, MethodChanges, NewMethod, methods},
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::Permission;

use super::tax_rates::standard;
use crate::{
    Problem, State,
    context::{Body, Paging, PathId, Vendor},
    json::{Created, Id, Json, Money, NoContent, Page},
};

pub(super) fn router() -> Router {
    let one = Router::with_path("{id}").get(show).patch(update).delete(delete);
    Router::with_path("shipping-methods").get(list).post(create).push(one)
}

/// A way to send goods into a zone.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ShippingMethod {
    id: Id<ShippingMethodId>,
    zone_id: Id<ShippingZoneId>,
    name: String,
    kind: Kind,
    /// The class that shipping is taxed as.
    tax_class: String,
    /// Methods are offered in the order of their positions.
    position: i32,
    is_active: bool,
    rates: Vec<ShippingRate>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// How a method finds its price.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[salvo(schema(name = "ShippingKind"))]
enum Kind {
    /// One price in each currency.
    Flat,
    /// A price for each band of weight in each currency.
    ByWeight,
}

/// What a method costs, in one of the store's currencies, up to a weight.
#[derive(Debug, Serialize, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct ShippingRate {
    /// Inclusive; absent for a flat rate, or for a last band that takes any weight.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[salvo(schema(minimum = 1))]
    up_to_grams: Option<i32>,
    #[garde(skip)]
    amount: Money,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct CreateShippingMethod {
    #[garde(skip)]
    zone_id: Id<ShippingZoneId>,
    #[garde(length(chars, max = 100))]
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: String,
    #[garde(skip)]
    kind: Kind,
    #[garde(length(max = 32))]
    #[serde(default = "standard")]
    #[salvo(schema(pattern = "^[a-z][a-z0-9_]{0,31}$"))]
    tax_class: String,
    #[garde(skip)]
    #[serde(default)]
    #[salvo(schema(minimum = 0, maximum = 10000))]
    position: i32,
    #[garde(skip)]
    #[serde(default = "yes")]
    is_active: bool,
    #[garde(length(max = 200), dive)]
    #[salvo(schema(min_items = 1, max_items = 200))]
    rates: Vec<ShippingRate>,
}

/// Absent leaves; `rates` replaces them all.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct ChangeShippingMethod {
    #[garde(inner(length(chars, max = 100)))]
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: Option<String>,
    #[garde(inner(length(max = 32)))]
    #[salvo(schema(pattern = "^[a-z][a-z0-9_]{0,31}$"))]
    tax_class: Option<String>,
    #[garde(skip)]
    #[salvo(schema(minimum = 0, maximum = 10000))]
    position: Option<i32>,
    #[garde(skip)]
    is_active: Option<bool>,
    #[garde(dive)]
    #[salvo(schema(min_items = 1, max_items = 200))]
    rates: Option<Vec<ShippingRate>>,
}

/// List the shipping methods of all zones, the oldest first.
#[endpoint]
async fn list(vendor: Vendor, paging: Paging) -> Result<Page<ShippingMethod>, Problem> {
    vendor.require(Permission::ReadSettings)?;
    let tx = vendor.db.begin().await?;
    Ok(Page::of(methods::list(&tx, &paging.0).await?))
}

/// Show a shipping method.
#[endpoint]
async fn show(vendor: Vendor, id: PathId<ShippingMethodId>) -> Result<Json<ShippingMethod>, Problem> {
    vendor.require(Permission::ReadSettings)?;
    let tx = vendor.db.begin().await?;
    Ok(Json(methods::find(&tx, id.0).await?.into()))
}

/// Add a shipping method to a zone.
#[endpoint]
async fn create(vendor: Vendor, state: State, body: Body<CreateShippingMethod>) -> Result<Created<ShippingMethod>, Problem> {
    vendor.require(Permission::WriteSettings)?;
    let tx = vendor.db.begin().await?;
    let method = methods::create(&tx, &state.clock, body.0.into()).await?;
    tx.commit().await?;
    Ok(Created::at(format!("/vendor/v1/shipping-methods/{}", method.id), method.into()))
}

/// Change a shipping method.
#[endpoint]
async fn update(
    vendor: Vendor,
    state: State,
    id: PathId<ShippingMethodId>,
    body: Body<ChangeShippingMethod>,
) -> Result<Json<ShippingMethod>, Problem> {
    vendor.require(Permission::WriteSettings)?;
    let tx = vendor.db.begin().await?;
    let method = methods::change(&tx, &state.clock, id.0, body.0.into()).await?;
    tx.commit().await?;
    Ok(Json(method.into()))
}

/// Remove a shipping method.
///
/// Refused once a checkout has chosen it: deactivate it instead.
#[endpoint]
async fn delete(vendor: Vendor, id: PathId<ShippingMethodId>) -> Result<NoContent, Problem> {
    vendor.require(Permission::WriteSettings)?;
    let tx = vendor.db.begin().await?;
    methods::remove(&tx, id.0).await?;
    tx.commit().await?;
    Ok(NoContent)
}

fn yes() -> bool {
    true
}

impl From<shipping::Method> for ShippingMethod {
    fn from(method: shipping::Method) -> Self {
        let kind = match method.kind {
            shipping::Kind::Flat => Kind::Flat,
            shipping::Kind::ByWeight => Kind::ByWeight,
        };
        let rate = |rate: shipping::Rate| ShippingRate { up_to_grams: rate.up_to_grams, amount: rate.amount.into() };
        Self {
            id: method.id.into(),
            zone_id: method.zone_id.into(),
            name: method.name,
            kind,
            tax_class: method.tax_class,
            position: method.position,
            is_active: method.is_active,
            rates: method.rates.into_iter().map(rate).collect(),
            created_at: method.created_at,
            updated_at: method.updated_at,
        }
    }
}

impl From<ShippingRate> for shipping::Rate {
    fn from(asked: ShippingRate) -> Self {
        Self { up_to_grams: asked.up_to_grams, amount: asked.amount.0 }
    }
}

impl From<CreateShippingMethod> for NewMethod {
    fn from(asked: CreateShippingMethod) -> Self {
        let kind = match asked.kind {
            Kind::Flat => shipping::Kind::Flat,
            Kind::ByWeight => shipping::Kind::ByWeight,
        };
        Self {
            zone_id: asked.zone_id.0,
            name: asked.name,
            kind,
            tax_class: asked.tax_class,
            position: asked.position,
            is_active: asked.is_active,
            rates: asked.rates.into_iter().map(shipping::Rate::from).collect(),
        }
    }
}

impl From<ChangeShippingMethod> for MethodChanges {
    fn from(asked: ChangeShippingMethod) -> Self {
        let rates = asked.rates.map(|rates| rates.into_iter().map(shipping::Rate::from).collect());
        Self { name: asked.name, tax_class: asked.tax_class, position: asked.position, is_active: asked.is_active, rates }
    }
}
