use commerce::{
    catalog::{
        categories::{self, Found, Place},
        listing::CategoryRef,
    },
    ids::CategoryId,
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::Serialize;

use super::kept::keep;
use crate::{
    Problem,
    context::{PathText, Shopper},
    json::{HereOrMoved, Id, Page},
};

pub(super) fn router() -> Router {
    Router::with_path("categories").hoop(keep).get(list).push(Router::with_path("{category}").get(show))
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

/// A category and its place in the tree.
#[derive(Debug, Serialize, ToSchema)]
struct CategoryPlace {
    id: Id<CategoryId>,
    slug: String,
    name: String,
    parent_id: Option<Id<CategoryId>>,
    /// What stands above it, from the top down.
    breadcrumbs: Vec<Category>,
    /// What stands directly below it, in its order.
    children: Vec<Category>,
}

/// List all categories, each after the one above it, siblings in their order.
#[endpoint]
async fn list(shopper: Shopper) -> Result<Page<Category>, Problem> {
    let tx = shopper.db.begin().await?;
    Ok(Page::whole(categories::list(&tx).await?.into_iter().map(Into::into).collect()))
}

/// Show a category, by its id or its slug, with what stands above and below it.
///
/// A slug that the category had answers 301 with the address of the present one.
#[endpoint]
async fn show(shopper: Shopper, category: PathText) -> Result<HereOrMoved<CategoryPlace>, Problem> {
    let text = category.0;
    let name = text.parse().map_or(CategoryRef::Slug(text), CategoryRef::Id);
    let tx = shopper.db.begin().await?;
    Ok(match categories::find_named(&tx, &name).await? {
        Found::Here(place) => HereOrMoved::Here((*place).into()),
        Found::Moved(slug) => HereOrMoved::Moved(format!("/storefront/v1/categories/{slug}")),
    })
}

impl From<categories::Category> for Category {
    fn from(category: categories::Category) -> Self {
        Self { id: category.id.into(), slug: category.slug, name: category.name, parent_id: category.parent_id.map(Id) }
    }
}

impl From<Place> for CategoryPlace {
    fn from(place: Place) -> Self {
        Self {
            id: place.category.id.into(),
            slug: place.category.slug,
            name: place.category.name,
            parent_id: place.category.parent_id.map(Id),
            breadcrumbs: place.above.into_iter().map(Into::into).collect(),
            children: place.below.into_iter().map(Into::into).collect(),
        }
    }
}
