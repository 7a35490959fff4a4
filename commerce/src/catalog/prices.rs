//! Prices of a variant, one in each currency it is sold in.

use sea_orm::Value;
use tenancy::TenantTx;

use super::{
    Error, NewPrice, Product, currencies, detail,
    events::ProductChange,
    new_product::{self, Faults},
    rows::Rows,
    settle,
};
use crate::{
    clock::Clock,
    ids::{ProductId, VariantId},
    sql,
};

/// Replaces all prices of a variant.
///
/// # Errors
/// `Invalid` for a currency the store does not sell in; `NothingToSell` when a published product would lose its last price
/// in the main currency; `VariantNotFound`, `ProductNotFound`, `VersionMoved`.
pub async fn set(
    tx: &TenantTx,
    clock: &Clock,
    (product, variant): (ProductId, VariantId),
    expected: Option<i64>,
    prices: &[NewPrice],
) -> Result<Product, Error> {
    settle::begin(tx, clock, product, expected).await?;
    let owned = "SELECT id FROM variants WHERE tenant_id = $1 AND product_id = $2 AND id = $3";
    if sql::run(tx, owned, [tx.tenant().into(), product.into(), variant.into()]).await? == 0 {
        return Err(Error::VariantNotFound(variant));
    }
    let (mut faults, mut rows) = (Faults::default(), Rows::default());
    new_product::prices(&mut faults, &mut rows, "", variant, prices, &currencies::of_store(tx).await?);
    faults.done(())?;
    let kept: Vec<String> = rows.prices.iter().map(|price| price.currency.to_owned()).collect();
    let values: [Value; 3] = [tx.tenant().into(), variant.into(), kept.into()];
    sql::run(tx, "DELETE FROM prices WHERE tenant_id = $1 AND variant_id = $2 AND NOT currency = ANY ($3)", values).await?;
    rows.insert(tx, clock, None).await?;
    settle::end(tx, clock, product, ProductChange::Edited).await?;
    detail::find(tx, product).await
}
