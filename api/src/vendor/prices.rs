use commerce::{
    catalog::{self, prices},
    ids::{ProductId, VariantId},
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
    context::{Body, IfMatch, PathId, Vendor},
    json::{Money, Tagged},
};

/// Below `products/{id}/variants`.
pub(super) fn router() -> Router {
    Router::with_path("{variant}/prices").put(replace)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPrice {
    price: Money,
    /// What it cost before; greater than the price.
    compare_at: Option<Money>,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct ReplacePrices {
    /// One for each currency the variant is sold in.
    #[garde(length(max = 20))]
    prices: Vec<NewPrice>,
}

/// Replace all prices of a variant.
#[endpoint]
async fn replace(
    vendor: Vendor,
    state: State,
    id: PathId<ProductId>,
    variant: PathId<VariantId>,
    seen: IfMatch,
    body: Body<ReplacePrices>,
) -> Result<Tagged<Product>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let asked: Vec<catalog::NewPrice> = body.0.prices.into_iter().map(Into::into).collect();
    let tx = vendor.db.begin().await?;
    let product = prices::set(&tx, &state.clock, (id.0, variant.0), seen.version(), &asked).await?;
    tx.commit().await?;
    Ok(tagged(product))
}

impl From<NewPrice> for catalog::NewPrice {
    fn from(asked: NewPrice) -> Self {
        Self { amount: asked.price.0, compare_at: asked.compare_at.map(|money| money.0) }
    }
}
