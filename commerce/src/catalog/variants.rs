//! Variants added, changed and removed after their product was made.

use std::collections::BTreeMap;

use sea_orm::FromQueryResult;
use tenancy::TenantTx;

use super::{
    Error, NewPrice, NewVariant, Product,
    attribute_values::Given,
    detail, edit_variants, settle,
    variant_plan::{Changed, Created, Removed},
};
use crate::{
    clock::Clock,
    ids::{ProductId, VariantId},
    sql,
};

/// What a vendor may change about a variant. Absent fields stay; `Some(None)` clears.
#[derive(Clone, Debug, Default)]
pub struct VariantChanges {
    /// All of its choices.
    pub options: Option<BTreeMap<String, String>>,
    pub sku: Option<Option<String>>,
    pub barcode: Option<Option<String>>,
    pub weight_grams: Option<i32>,
    pub requires_shipping: Option<bool>,
    pub is_stock_tracked: Option<bool>,
    pub tax_class: Option<String>,
    /// All of them.
    pub prices: Option<Vec<NewPrice>>,
    /// By code; what is not named stays, `null` clears.
    pub attributes: Given,
}

/// Adds a variant, with its prices and its level at the default location.
///
/// # Errors
/// `Invalid` names every wrong field; `Conflicts` a SKU or a barcode that the store has elsewhere; `ProductNotFound`, `VersionMoved`.
pub async fn add(tx: &TenantTx, clock: &Clock, product: ProductId, expected: Option<i64>, new: NewVariant) -> Result<Product, Error> {
    settle::begin(tx, clock, product, expected).await?;
    let whole = detail::find(tx, product).await?;
    edit_variants::write(tx, clock, &whole, &[], &[Created::at(String::new(), new)], &[]).await
}

/// Changes a variant.
///
/// # Errors
/// `Invalid` names every wrong field; `Conflicts` a SKU or a barcode that the store has elsewhere; `VariantNotFound`,
/// `ProductNotFound`, `VersionMoved`.
pub async fn change(
    tx: &TenantTx,
    clock: &Clock,
    (product, id): (ProductId, VariantId),
    expected: Option<i64>,
    changes: VariantChanges,
) -> Result<Product, Error> {
    settle::begin(tx, clock, product, expected).await?;
    let whole = detail::find(tx, product).await?;
    owns(&whole, id)?;
    edit_variants::write(tx, clock, &whole, &[Changed { pointer: String::new(), id, changes }], &[], &[]).await
}

/// Removes a variant that was never sold.
///
/// # Errors
/// `InUse` when it has been in a checkout or an order; `NothingToSell` when it was the last that a published product could
/// sell; `VariantNotFound`, `ProductNotFound`, `VersionMoved`.
pub async fn remove(tx: &TenantTx, clock: &Clock, (product, id): (ProductId, VariantId), expected: Option<i64>) -> Result<Product, Error> {
    settle::begin(tx, clock, product, expected).await?;
    let whole = detail::find(tx, product).await?;
    owns(&whole, id)?;
    let removed = edit_variants::write(tx, clock, &whole, &[], &[], &[Removed { pointer: String::new(), id }]).await;
    removed.map_err(|error| if matches!(error, Error::Conflicts(..)) { Error::InUse } else { error })
}

fn owns(whole: &Product, id: VariantId) -> Result<(), Error> {
    if whole.variants.iter().any(|variant| variant.id == id) { Ok(()) } else { Err(Error::VariantNotFound(id)) }
}

/// Which product a variant belongs to.
///
/// # Errors
/// `VariantNotFound`.
pub async fn product_of(tx: &TenantTx, id: VariantId) -> Result<ProductId, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        product_id: ProductId,
    }
    let text = "SELECT product_id FROM variants WHERE tenant_id = $1 AND id = $2";
    let row: Option<Row> = sql::one(tx, text, [tx.tenant().into(), id.into()]).await?;
    Ok(row.ok_or(Error::VariantNotFound(id))?.product_id)
}
