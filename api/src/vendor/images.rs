use commerce::{
    catalog::{
        NewImage,
        images::{self, ImageChanges},
    },
    ids::{ImageId, MediaId, ProductId, VariantId},
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::Deserialize;
use tenancy::Permission;

use super::product::{Product, tagged};
use crate::{
    Problem, State,
    context::{Body, IfMatch, Once, PathId, Replay, Vendor},
    json::{Id, Patch, Tagged},
};

/// Below `products/{id}`.
pub(super) fn router() -> Router {
    Router::with_path("images").post(create).push(Router::with_path("{image}").patch(update).delete(delete))
}

/// A picture: one of the store's by its `media_id`, or by the `url` from which it is fetched in the background.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct CreateImage {
    /// It is shown itself until our own picture is there, and when it could not be fetched. Only https is fetched.
    #[salvo(schema(max_length = 2000))]
    url: Option<String>,
    media_id: Option<Id<MediaId>>,
    /// What it shows, for those who cannot see it.
    #[serde(default)]
    #[salvo(schema(max_length = 500))]
    alt: String,
    /// The variant it shows; absent: the whole product.
    variant_id: Option<Id<VariantId>>,
}

/// Fields that are absent stay.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct ChangeImage {
    #[salvo(schema(max_length = 500))]
    alt: Option<String>,
    #[serde(default)]
    variant_id: Patch<Id<VariantId>>,
    /// Its place among the product's images, from 0.
    #[garde(range(min = 0, max = 50))]
    #[salvo(schema(minimum = 0, maximum = 50))]
    position: Option<i32>,
}

/// Add an image to a product, after the others.
#[endpoint]
async fn create(
    vendor: Vendor,
    state: State,
    id: PathId<ProductId>,
    seen: IfMatch,
    once: Once,
    body: Body<CreateImage>,
) -> Result<Replay<Tagged<Product>>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    if let Some(first) = once.first_answer(&tx).await? {
        return Ok(first);
    }
    let product = images::add(&tx, &state.clock, id.0, seen.version(), body.0.into()).await?;
    once.commit(tx, &state.clock, tagged(product)).await
}

/// Change an image's words, variant or place.
#[endpoint]
async fn update(
    vendor: Vendor,
    state: State,
    id: PathId<ProductId>,
    image: PathId<ImageId>,
    seen: IfMatch,
    body: Body<ChangeImage>,
) -> Result<Tagged<Product>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    let product = images::change(&tx, &state.clock, (id.0, image.0), seen.version(), body.0.into()).await?;
    tx.commit().await?;
    Ok(tagged(product))
}

/// Remove an image.
#[endpoint]
async fn delete(
    vendor: Vendor,
    state: State,
    id: PathId<ProductId>,
    image: PathId<ImageId>,
    seen: IfMatch,
) -> Result<Tagged<Product>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    let product = images::remove(&tx, &state.clock, (id.0, image.0), seen.version()).await?;
    tx.commit().await?;
    Ok(tagged(product))
}

impl From<CreateImage> for NewImage {
    fn from(asked: CreateImage) -> Self {
        Self { url: asked.url, media_id: asked.media_id.map(|id| id.0), alt: asked.alt, variant_id: asked.variant_id.map(|id| id.0) }
    }
}

impl From<ChangeImage> for ImageChanges {
    fn from(asked: ChangeImage) -> Self {
        let variant_id = match asked.variant_id {
            Patch::Absent => None,
            Patch::Null => Some(None),
            Patch::Value(id) => Some(Some(id.0)),
        };
        Self { alt: asked.alt, variant_id, position: asked.position }
    }
}
