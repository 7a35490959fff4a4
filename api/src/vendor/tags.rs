use commerce::{catalog::tags, ids::TagId};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::Permission;

use crate::{
    Problem, State,
    context::{Body, PathId, Vendor},
    json::{Id, Json, NoContent, Page},
};

pub(super) fn router() -> Router {
    Router::with_path("tags").get(list).push(Router::with_path("{id}").patch(update).delete(delete))
}

/// A flat label on products. Naming one on a product makes it.
#[derive(Debug, Serialize, ToSchema)]
struct Tag {
    id: Id<TagId>,
    slug: String,
    name: String,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct RenameTag {
    #[garde(length(chars, min = 1, max = 100))]
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: String,
}

/// List the tags (the first 1,000 by slug).
#[endpoint]
async fn list(vendor: Vendor) -> Result<Page<Tag>, Problem> {
    vendor.require(Permission::ReadProducts)?;
    let tx = vendor.db.begin().await?;
    Ok(Page::whole(tags::list(&tx).await?.into_iter().map(Into::into).collect()))
}

/// Rename a tag; its slug follows.
#[endpoint]
async fn update(vendor: Vendor, state: State, id: PathId<TagId>, body: Body<RenameTag>) -> Result<Json<Tag>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    let tag = tags::rename(&tx, &state.clock, id.0, &body.0.name).await?;
    tx.commit().await?;
    Ok(Json(tag.into()))
}

/// Delete a tag, from every product too.
#[endpoint]
async fn delete(vendor: Vendor, state: State, id: PathId<TagId>) -> Result<NoContent, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    tags::delete(&tx, &state.clock, id.0).await?;
    tx.commit().await?;
    Ok(NoContent)
}

impl From<tags::Tag> for Tag {
    fn from(tag: tags::Tag) -> Self {
        Self { id: tag.id.into(), slug: tag.slug, name: tag.name }
    }
}
