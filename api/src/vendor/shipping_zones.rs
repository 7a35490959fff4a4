use chrono::{DateTime, Utc};
use commerce::{
    ids::ShippingZoneId,
    shipping::{self, NewZone, ZoneChanges, zones},
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::Permission;

use super::shipping_methods::ShippingMethod;
use crate::{
    Problem, State,
    context::{Body, Paging, PathId, Vendor},
    json::{Created, Id, Json, NoContent, Page},
};

pub(super) fn router() -> Router {
    let one = Router::with_path("{id}").get(show).patch(update).delete(delete);
    Router::with_path("shipping-zones").get(list).post(create).push(one)
}

/// Countries that the store ships to on equal terms. A country is in one zone at most; one in none is not shipped to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ShippingZone {
    id: Id<ShippingZoneId>,
    name: String,
    countries: Vec<String>,
    /// In the order in which they are offered.
    methods: Vec<ShippingMethod>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct CreateShippingZone {
    #[garde(length(chars, max = 100))]
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: String,
    /// ISO 3166-1 alpha-2.
    #[garde(length(max = 250), inner(length(max = 2)))]
    #[salvo(schema(max_items = 250))]
    countries: Vec<String>,
}

/// Absent leaves; `countries` replaces them all.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct ChangeShippingZone {
    #[garde(inner(length(chars, max = 100)))]
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: Option<String>,
    #[garde(inner(length(max = 250), inner(length(max = 2))))]
    #[salvo(schema(max_items = 250))]
    countries: Option<Vec<String>>,
}

/// List the shipping zones with their methods, the oldest first.
#[endpoint]
async fn list(vendor: Vendor, paging: Paging) -> Result<Page<ShippingZone>, Problem> {
    vendor.require(Permission::ReadSettings)?;
    let tx = vendor.db.begin().await?;
    Ok(Page::of(zones::list(&tx, &paging.0).await?))
}

/// Show a shipping zone with its methods.
#[endpoint]
async fn show(vendor: Vendor, id: PathId<ShippingZoneId>) -> Result<Json<ShippingZone>, Problem> {
    vendor.require(Permission::ReadSettings)?;
    let tx = vendor.db.begin().await?;
    Ok(Json(zones::find(&tx, id.0).await?.into()))
}

/// Add a shipping zone.
#[endpoint]
async fn create(vendor: Vendor, state: State, body: Body<CreateShippingZone>) -> Result<Created<ShippingZone>, Problem> {
    vendor.require(Permission::WriteSettings)?;
    let tx = vendor.db.begin().await?;
    let zone = zones::create(&tx, &state.clock, NewZone { name: body.0.name, countries: body.0.countries }).await?;
    tx.commit().await?;
    Ok(Created::at(format!("/vendor/v1/shipping-zones/{}", zone.id), zone.into()))
}

/// Change the name or the countries of a shipping zone.
#[endpoint]
async fn update(
    vendor: Vendor,
    state: State,
    id: PathId<ShippingZoneId>,
    body: Body<ChangeShippingZone>,
) -> Result<Json<ShippingZone>, Problem> {
    vendor.require(Permission::WriteSettings)?;
    let tx = vendor.db.begin().await?;
    let changes = ZoneChanges { name: body.0.name, countries: body.0.countries };
    let zone = zones::change(&tx, &state.clock, id.0, changes).await?;
    tx.commit().await?;
    Ok(Json(zone.into()))
}

/// Remove a shipping zone with its methods.
///
/// Refused once a checkout has chosen one of its methods: take its countries away or deactivate its methods instead.
#[endpoint]
async fn delete(vendor: Vendor, id: PathId<ShippingZoneId>) -> Result<NoContent, Problem> {
    vendor.require(Permission::WriteSettings)?;
    let tx = vendor.db.begin().await?;
    zones::remove(&tx, id.0).await?;
    tx.commit().await?;
    Ok(NoContent)
}

impl From<shipping::Zone> for ShippingZone {
    fn from(zone: shipping::Zone) -> Self {
        Self {
            id: zone.id.into(),
            name: zone.name,
            countries: zone.countries,
            methods: zone.methods.into_iter().map(ShippingMethod::from).collect(),
            created_at: zone.created_at,
            updated_at: zone.updated_at,
        }
    }
}
