use commerce::{catalog::categories, ids::CategoryId};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::Serialize;

use super::kept::keep;
use crate::{
    Problem,
    context::Shopper,
    json::{Id, Page},
};

pub(super) fn router() -> Router {
    Router::with_path("categories").hoop(keep).get(list)
}

/// One place in the tree that groups products.
#[derive(Debug, Serialize, ToSchema)]
struct Category {
    id: Id<CategoryId>,
    slug: String,
    name: String,
    /// The one above it; null at the top.
    parent_id: Option<Id<CategoryId>>,
}

/// List all categories, each after the one above it, siblings in their order.
#[endpoint]
async fn list(shopper: Shopper) -> Result<Page<Category>, Problem> {
    let tx = shopper.db.begin().await?;
    Ok(Page::whole(categories::list(&tx).await?.into_iter().map(Into::into).collect()))
}

impl From<categories::Category> for Category {
    fn from(category: categories::Category) -> Self {
        Self { id: category.id.into(), slug: category.slug, name: category.name, parent_id: category.parent_id.map(Id) }
    }
}
