use commerce::{
    catalog::collections::{self, MOST_MEMBERS, Member},
    ids::{CollectionId, ProductId},
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::Permission;

use super::{
    collections::{Collection, CollectionPage, tagged},
    product::ProductStatus,
};
use crate::{
    Problem, State,
    context::{Body, IfMatch, LargeBody, Paging, PathId, Query, Vendor},
    json::{Id, Page, Tagged},
};

/// Below `collections/{id}`.
pub(super) fn router() -> Router {
    Router::with_path("products").get(list).put(replace).post(place).push(Router::with_path("remove").post(remove))
}

/// A product in a collection.
#[derive(Debug, Serialize, ToSchema)]
struct CollectionProduct {
    id: Id<ProductId>,
    slug: String,
    title: String,
    status: ProductStatus,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct CollectionProducts {
    /// All of them, in their order: 5,000 at most.
    #[garde(length(max = MOST_MEMBERS))]
    products: Vec<Id<ProductId>>,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct PlaceProducts {
    /// In the order in which they shall stand: 500 at most.
    #[garde(length(min = 1, max = 500))]
    #[salvo(schema(min_items = 1))]
    products: Vec<Id<ProductId>>,
    /// Before which of the others, counted from 0; absent: after all of them.
    #[garde(range(max = 5000))]
    #[salvo(schema(minimum = 0, maximum = 5000))]
    position: Option<u16>,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct RemoveProducts {
    #[garde(length(min = 1, max = 500))]
    #[salvo(schema(min_items = 1))]
    products: Vec<Id<ProductId>>,
}

/// List the products of a collection.
///
/// Those that were chosen one by one in their order, whatever their status; those that a rule has chosen by their ids.
#[endpoint]
async fn list(vendor: Vendor, id: PathId<CollectionId>, page: Query<CollectionPage>) -> Result<Page<CollectionProduct>, Problem> {
    vendor.require(Permission::ReadProducts)?;
    let page = Paging::new(page.0.limit, page.0.after.as_deref())?.0;
    let tx = vendor.db.begin().await?;
    Ok(Page::of(collections::members(&tx, id.0, &page).await?))
}

/// Set all products of a collection, in their order.
#[endpoint]
async fn replace(
    vendor: Vendor,
    state: State,
    id: PathId<CollectionId>,
    seen: IfMatch,
    body: LargeBody<CollectionProducts>,
) -> Result<Tagged<Collection>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    let collection = collections::set(&tx, &state.clock, id.0, seen.version(), &ids(body.0.products)).await?;
    tx.commit().await?;
    Ok(tagged(collection))
}

/// Put products into a collection, or move those that are in it, to one place.
#[endpoint]
async fn place(
    vendor: Vendor,
    state: State,
    id: PathId<CollectionId>,
    seen: IfMatch,
    body: Body<PlaceProducts>,
) -> Result<Tagged<Collection>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let asked = (&ids(body.0.products)[..], body.0.position.map(usize::from));
    let tx = vendor.db.begin().await?;
    let collection = collections::place(&tx, &state.clock, id.0, seen.version(), asked).await?;
    tx.commit().await?;
    Ok(tagged(collection))
}

/// Take products out of a collection.
#[endpoint]
async fn remove(
    vendor: Vendor,
    state: State,
    id: PathId<CollectionId>,
    seen: IfMatch,
    body: Body<RemoveProducts>,
) -> Result<Tagged<Collection>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    let collection = collections::take_out(&tx, &state.clock, id.0, seen.version(), &ids(body.0.products)).await?;
    tx.commit().await?;
    Ok(tagged(collection))
}

fn ids(products: Vec<Id<ProductId>>) -> Vec<ProductId> {
    products.into_iter().map(|id| id.0).collect()
}

impl From<Member> for CollectionProduct {
    fn from(member: Member) -> Self {
        Self { id: member.id.into(), slug: member.slug, title: member.title, status: member.status.into() }
    }
}
