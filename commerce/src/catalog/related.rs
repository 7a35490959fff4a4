//! Related products: which others a product's page shows, in an order that its people choose.

use sea_orm::FromQueryResult;
use tenancy::TenantTx;
use uuid::Uuid;

use super::{Error, Product, detail, events::ProductChange, new_product::Faults, settle};
use crate::{clock::Clock, ids::ProductId, sql};

pub const MOST_RELATED: usize = 20;

/// Sets all of a product's related products, in their order.
///
/// # Errors
/// `Invalid` names each that does not exist, is the product itself or comes twice; `ProductNotFound`, `VersionMoved`.
pub async fn set(tx: &TenantTx, clock: &Clock, product: ProductId, expected: Option<i64>, related: &[ProductId]) -> Result<Product, Error> {
    #[derive(FromQueryResult)]
    struct Known {
        id: ProductId,
    }
    settle::begin(tx, clock, product, expected).await?;
    let ids: Vec<Uuid> = related.iter().map(|id| id.uuid()).collect();
    let text = "SELECT id FROM products WHERE tenant_id = $1 AND id = ANY ($2)";
    let known: Vec<Known> = sql::all(tx, text, [tx.tenant().into(), ids.clone().into()]).await?;
    let mut faults = Faults::default();
    faults.at_most("/products", related.len(), MOST_RELATED);
    for (at, id) in related.iter().enumerate() {
        let pointer = format!("/products/{at}");
        if *id == product {
            faults.add(pointer, "itself", "a product is not related to itself");
        } else if related[..at].contains(id) {
            faults.add(pointer, "duplicate", "the product is given twice");
        } else if !known.iter().any(|row| row.id == *id) {
            faults.add(pointer, "unknown", "names a product that does not exist");
        }
    }
    faults.done(())?;
    let gone = "DELETE FROM related_products WHERE tenant_id = $1 AND product_id = $2";
    sql::run(tx, gone, [tx.tenant().into(), product.into()]).await?;
    let text = "INSERT INTO related_products (tenant_id, product_id, related_id, position)
                SELECT $1, $2, x.id, x.place - 1 FROM unnest($3::uuid[]) WITH ORDINALITY AS x (id, place)";
    sql::run(tx, text, [tx.tenant().into(), product.into(), ids.into()]).await?;
    settle::end(tx, clock, product, ProductChange::Edited).await?;
    detail::find(tx, product).await
}
