use chrono::{DateTime, Utc};
use commerce::{
    ids::LocationId,
    inventory::locations::{self, NewLocation},
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::Permission;

use crate::{
    Problem, State,
    context::{Body, Once, PathId, Replay, Vendor},
    json::{Created, Id, Json, Page},
};

pub(super) fn router() -> Router {
    Router::with_path("locations").get(list).post(create).push(Router::with_path("{id}").patch(update))
}

/// A place that goods are kept at and ship from.
#[derive(Debug, Serialize, ToSchema)]
struct Location {
    id: Id<LocationId>,
    name: String,
    /// ISO 3166-1 alpha-2.
    country: String,
    /// New variants are counted here.
    is_default: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct CreateLocation {
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: String,
    /// ISO 3166-1 alpha-2.
    #[salvo(schema(pattern = "^[A-Z]{2}$"))]
    country: String,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct RenameLocation {
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: String,
}

/// List the locations, the default first.
#[endpoint]
async fn list(vendor: Vendor) -> Result<Page<Location>, Problem> {
    vendor.require(Permission::ReadStock)?;
    let tx = vendor.db.begin().await?;
    Ok(Page::whole(locations::list(&tx).await?.into_iter().map(Into::into).collect()))
}

/// Create a location.
#[endpoint]
async fn create(vendor: Vendor, state: State, once: Once, body: Body<CreateLocation>) -> Result<Replay<Created<Location>>, Problem> {
    vendor.require(Permission::WriteStock)?;
    let tx = vendor.db.begin().await?;
    if let Some(first) = once.first_answer(&tx).await? {
        return Ok(first);
    }
    let new = NewLocation { name: body.0.name, country: body.0.country };
    let location = locations::create(&tx, &state.clock, new).await?;
    once.commit(tx, &state.clock, Created::at(format!("/vendor/v1/locations/{}", location.id), location.into())).await
}

/// Rename a location.
#[endpoint]
async fn update(vendor: Vendor, state: State, id: PathId<LocationId>, body: Body<RenameLocation>) -> Result<Json<Location>, Problem> {
    vendor.require(Permission::WriteStock)?;
    let tx = vendor.db.begin().await?;
    let location = locations::rename(&tx, &state.clock, id.0, &body.0.name).await?;
    tx.commit().await?;
    Ok(Json(location.into()))
}

impl From<locations::Location> for Location {
    fn from(location: locations::Location) -> Self {
        Self {
            id: location.id.into(),
            name: location.name,
            country: location.country,
            is_default: location.is_default,
            created_at: location.created_at,
            updated_at: location.updated_at,
        }
    }
}
