use commerce::{catalog::related, ids::ProductId};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::Deserialize;
use tenancy::Permission;

use super::product::{Product, tagged};
use crate::{
    Problem, State,
    context::{Body, IfMatch, PathId, Vendor},
    json::{Id, Tagged},
};

/// Below `products/{id}`.
pub(super) fn router() -> Router {
    Router::with_path("related").put(update)
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct RelatedProducts {
    /// All of them, in their order: 20 at most.
    #[garde(length(max = related::MOST_RELATED))]
    products: Vec<Id<ProductId>>,
}

/// Set which other products a product's page shows.
///
/// Shoppers see those that are published.
#[endpoint]
async fn update(
    vendor: Vendor,
    state: State,
    id: PathId<ProductId>,
    seen: IfMatch,
    body: Body<RelatedProducts>,
) -> Result<Tagged<Product>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let related: Vec<ProductId> = body.0.products.into_iter().map(|id| id.0).collect();
    let tx = vendor.db.begin().await?;
    let product = related::set(&tx, &state.clock, id.0, seen.version(), &related).await?;
    tx.commit().await?;
    Ok(tagged(product))
}
