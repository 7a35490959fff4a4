//! How every change to a product begins and ends. It begins by taking the product's row (so that two changes of one
//! product never mix) and ends with its list rows, the promise that it can be sold, and one fact.

use sea_orm::{DbErr, FromQueryResult};
use tenancy::TenantTx;

use super::{
    Error,
    events::{ProductChange, ProductChanged},
    listing,
};
use crate::{
    clock::Clock,
    ids::{MediaId, ProductId},
    outbox, sql,
};

/// Takes the product's row and counts its version on.
///
/// # Errors
/// `ProductNotFound`; `VersionMoved` when the caller's copy (`expected`) is old.
pub(super) async fn begin(tx: &TenantTx, clock: &Clock, id: ProductId, expected: Option<i64>) -> Result<(), Error> {
    let text = "UPDATE products SET version = version + 1, updated_at = $3
                WHERE tenant_id = $1 AND id = $2 AND ($4::bigint IS NULL OR version = $4)";
    let values = [tx.tenant().into(), id.into(), clock.now().into(), expected.into()];
    if sql::run(tx, text, values).await? == 0 { Err(why_untouched(tx, id, expected).await?) } else { Ok(()) }
}

/// Takes the rows of the products that show a picture, in the order in which everybody takes rows, and leaves their versions as
/// they are.
pub(super) async fn take_showing(tx: &TenantTx, media: MediaId) -> Result<Vec<ProductChanged>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        id: ProductId,
    }
    let text = "SELECT p.id FROM products p WHERE p.tenant_id = $1 AND p.id IN
                  (SELECT i.product_id FROM product_images i WHERE i.tenant_id = $1 AND i.media_id = $2)
                ORDER BY p.id FOR UPDATE";
    let rows: Vec<Row> = sql::all(tx, text, [tx.tenant().into(), media.into()]).await?;
    Ok(rows.into_iter().map(|row| ProductChanged { product_id: row.id, change: ProductChange::Edited }).collect())
}

/// Why a statement conditional on the version touched nothing.
pub(super) async fn why_untouched(tx: &TenantTx, id: ProductId, expected: Option<i64>) -> Result<Error, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        version: i64,
    }
    let text = "SELECT version FROM products WHERE tenant_id = $1 AND id = $2";
    let row: Option<Row> = sql::one(tx, text, [tx.tenant().into(), id.into()]).await?;
    Ok(match (row, expected) {
        (Some(Row { version }), Some(expected)) => Error::VersionMoved { expected, actual: version },
        _ => Error::ProductNotFound(id.to_string()),
    })
}

/// Ends a change.
///
/// # Errors
/// `NothingToSell` when a published product was left without a variant priced in the main currency; `AttributeMissing` when one
/// was published without an attribute that its type requires.
pub(super) async fn end(tx: &TenantTx, clock: &Clock, id: ProductId, change: ProductChange) -> Result<(), Error> {
    end_all(tx, clock, &[ProductChanged { product_id: id, change }]).await
}

/// [`end`] for many products at once.
pub(super) async fn end_all(tx: &TenantTx, clock: &Clock, changes: &[ProductChanged]) -> Result<(), Error> {
    if changes.is_empty() {
        return Ok(());
    }
    let ids: Vec<ProductId> = changes.iter().map(|change| change.product_id).collect();
    let published = listing::refresh(tx, &ids).await?;
    if let Some(empty) = published.iter().find(|product| !product.is_sold_in_main) {
        return Err(Error::NothingToSell(empty.product_id));
    }
    // Whoever requires an attribute later takes nobody's product from the shoppers.
    let is_new = |id: ProductId| {
        changes.iter().any(|one| one.product_id == id && matches!(one.change, ProductChange::Created | ProductChange::Published))
    };
    if let Some(code) = published.into_iter().filter(|product| is_new(product.product_id)).find_map(|product| product.lacking) {
        return Err(Error::AttributeMissing(code));
    }
    outbox::record_all(tx, clock, changes).await?;
    Ok(())
}
