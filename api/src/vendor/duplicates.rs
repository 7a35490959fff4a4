use commerce::{catalog::duplicate, ids::ProductId};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::Deserialize;
use tenancy::Permission;

use super::product::Product;
use crate::{
    Problem, State,
    context::{Body, Once, PathId, Replay, Vendor},
    json::Created,
};

/// Below `products/{id}`.
pub(super) fn router() -> Router {
    Router::with_path("duplicate").post(create)
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct Duplicate {
    /// The other's with `(copy)` when absent.
    #[salvo(schema(min_length = 1, max_length = 255))]
    title: Option<String>,
    /// One that is free when absent.
    #[salvo(schema(min_length = 1, max_length = 120))]
    slug: Option<String>,
}

/// Make a draft like a product.
///
/// Options, variants, prices, pictures, groups, attributes and related products are copied; SKUs, barcodes, the external id and units
/// are not.
#[endpoint]
async fn create(
    vendor: Vendor,
    state: State,
    id: PathId<ProductId>,
    once: Once,
    body: Body<Duplicate>,
) -> Result<Replay<Created<Product>>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    if let Some(first) = once.first_answer(&tx).await? {
        return Ok(first);
    }
    let product = duplicate(&tx, &state.clock, id.0, (body.0.title.as_deref(), body.0.slug.as_deref())).await?;
    once.commit(tx, &state.clock, Created::at(format!("/vendor/v1/products/{}", product.id), product.into())).await
}
