use chrono::{DateTime, Utc};
use commerce::{
    catalog::categories::{self, CategoryChanges, NewCategory},
    ids::CategoryId,
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
    json::{Created, Id, Json, NoContent, Page},
};

pub(super) fn router() -> Router {
    let one = Router::with_path("{id}").get(show).patch(update).delete(delete).push(Router::with_path("move").post(relocate));
    Router::with_path("categories").get(list).post(create).push(Router::with_path("reorder").post(reorder)).push(one)
}

/// One place in the tree that groups products.
#[derive(Debug, Serialize, ToSchema)]
struct Category {
    id: Id<CategoryId>,
    slug: String,
    name: String,
    /// The one above it; null at the top.
    parent_id: Option<Id<CategoryId>>,
    /// Its place among its siblings.
    position: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct CreateCategory {
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: String,
    /// Suggested by the name when absent.
    #[salvo(schema(max_length = 120))]
    slug: Option<String>,
    parent_id: Option<Id<CategoryId>>,
}

/// Fields that are absent stay.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct ChangeCategory {
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: Option<String>,
    #[salvo(schema(min_length = 1, max_length = 120))]
    slug: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct MoveCategory {
    /// Where it shall stand; null for the top.
    parent_id: Option<Id<CategoryId>>,
    /// Its place among its siblings, from 0; absent: the last.
    position: Option<u32>,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct ReorderCategories {
    /// Below which; null for the top.
    parent_id: Option<Id<CategoryId>>,
    /// All that stand there, in their new order.
    #[garde(length(max = 1000))]
    categories: Vec<Id<CategoryId>>,
}

/// List all categories, each after the one above it.
#[endpoint]
async fn list(vendor: Vendor) -> Result<Page<Category>, Problem> {
    vendor.require(Permission::ReadProducts)?;
    let tx = vendor.db.begin().await?;
    Ok(Page::whole(categories::list(&tx).await?.into_iter().map(Into::into).collect()))
}

/// Show a category.
#[endpoint]
async fn show(vendor: Vendor, id: PathId<CategoryId>) -> Result<Json<Category>, Problem> {
    vendor.require(Permission::ReadProducts)?;
    let tx = vendor.db.begin().await?;
    Ok(Json(categories::find(&tx, id.0).await?.into()))
}

/// Create a category, after its siblings.
#[endpoint]
async fn create(vendor: Vendor, state: State, once: Once, body: Body<CreateCategory>) -> Result<Replay<Created<Category>>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    if let Some(first) = once.first_answer(&tx).await? {
        return Ok(first);
    }
    let category = categories::create(&tx, &state.clock, body.0.into()).await?;
    once.commit(tx, &state.clock, Created::at(format!("/vendor/v1/categories/{}", category.id), category.into())).await
}

/// Rename a category.
///
/// The slug that it had leads shoppers on to the present one.
#[endpoint]
async fn update(vendor: Vendor, state: State, id: PathId<CategoryId>, body: Body<ChangeCategory>) -> Result<Json<Category>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let changes = CategoryChanges { name: body.0.name, slug: body.0.slug };
    let tx = vendor.db.begin().await?;
    let category = categories::change(&tx, &state.clock, id.0, changes).await?;
    tx.commit().await?;
    Ok(Json(category.into()))
}

/// Move a category, with all below it.
#[endpoint]
async fn relocate(vendor: Vendor, state: State, id: PathId<CategoryId>, body: Body<MoveCategory>) -> Result<Json<Category>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let parent = body.0.parent_id.map(|id| id.0);
    let tx = vendor.db.begin().await?;
    let category = categories::move_to(&tx, &state.clock, id.0, parent, body.0.position).await?;
    tx.commit().await?;
    Ok(Json(category.into()))
}

/// Put all categories below one, or at the top, into an order.
#[endpoint]
async fn reorder(vendor: Vendor, state: State, body: Body<ReorderCategories>) -> Result<Page<Category>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let order: Vec<CategoryId> = body.0.categories.into_iter().map(|id| id.0).collect();
    let tx = vendor.db.begin().await?;
    let siblings = categories::reorder(&tx, &state.clock, body.0.parent_id.map(|id| id.0), &order).await?;
    tx.commit().await?;
    Ok(Page::whole(siblings.into_iter().map(Into::into).collect()))
}

/// Delete a category that has none below it; its products stay.
///
/// 409 `catalog.category_not_empty` while others stand below it: move or delete them first, so that none goes unseen.
#[endpoint]
async fn delete(vendor: Vendor, state: State, id: PathId<CategoryId>) -> Result<NoContent, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    categories::delete(&tx, &state.clock, id.0).await?;
    tx.commit().await?;
    Ok(NoContent)
}

impl From<CreateCategory> for NewCategory {
    fn from(asked: CreateCategory) -> Self {
        Self { name: asked.name, slug: asked.slug, parent_id: asked.parent_id.map(|id| id.0) }
    }
}

impl From<categories::Category> for Category {
    fn from(category: categories::Category) -> Self {
        Self {
            id: category.id.into(),
            slug: category.slug,
            name: category.name,
            parent_id: category.parent_id.map(Id),
            position: category.position,
            created_at: category.created_at,
            updated_at: category.updated_at,
        }
    }
}
