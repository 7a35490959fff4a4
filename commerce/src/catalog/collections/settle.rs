//! Shelves that follow what no change of a product tells: another rule, stock, a type's attributes, the end of a collection.

use sea_orm::{DbErr, FromQueryResult};
use tenancy::{TenantDb, TenantTx};
use uuid::Uuid;

use super::{
    super::{Error, events::CollectionChanged, listing},
    Field,
};
use crate::{
    clock::Clock,
    ids::{CollectionId, ProductId},
    outbox, sql,
};

/// Products that one transaction looks at: few, because whoever edits one of them waits for it.
const PRODUCTS_A_STEP: i64 = 200;
const ROWS_A_STEP: i64 = 5000;

/// How far a step has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    Partly,
    Wholly,
}

/// Has the next products stand on the shelf of a collection as its rule says. Who changes the rule, or one of the products, at the
/// same moment comes before or after, and is seen either way.
///
/// # Errors
/// Postgres is away.
pub async fn settle_step(db: &TenantDb, clock: &Clock, id: CollectionId) -> Result<Settled, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        settled_to: Option<Uuid>,
    }
    let tx = db.begin().await?;
    let text = "SELECT settled_to FROM collections WHERE tenant_id = $1 AND id = $2 AND NOT is_settled FOR UPDATE";
    let Some(row): Option<Row> = sql::one(&tx, text, [tx.tenant().into(), id.into()]).await? else { return Ok(Settled::Wholly) };
    let text = "SELECT id FROM products WHERE tenant_id = $1 AND id > $2 AND status = 'published' ORDER BY id LIMIT $3 FOR NO KEY UPDATE";
    let after = row.settled_to.unwrap_or(Uuid::nil());
    let products = taken(&tx, text, [tx.tenant().into(), after.into(), PRODUCTS_A_STEP.into()]).await?;
    listing::refresh(&tx, &products).await?;
    let is_last = i64::try_from(products.len()).is_ok_and(|count| count < PRODUCTS_A_STEP);
    let text = "UPDATE collections SET settled_to = $3, is_settled = $4 WHERE tenant_id = $1 AND id = $2";
    let last = products.last().map_or(after, |product| product.uuid());
    sql::run(&tx, text, [tx.tenant().into(), id.into(), last.into(), is_last.into()]).await?;
    if is_last {
        outbox::record(&tx, clock, &CollectionChanged { collection_id: id }).await?;
    }
    tx.commit().await?;
    Ok(if is_last { Settled::Wholly } else { Settled::Partly })
}

/// Has products stand where rules that ask for stock want them now.
///
/// # Errors
/// Postgres is away.
pub async fn shelve(db: &TenantDb, products: &[ProductId]) -> Result<(), Error> {
    let tx = db.begin().await?;
    let asks = "SELECT FROM collections WHERE tenant_id = $1 AND kind = 'rule' AND conditions @> '[{\"field\": \"in_stock\"}]' LIMIT 1";
    if sql::run(&tx, asks, [tx.tenant().into()]).await? == 0 {
        return Ok(());
    }
    let ids: Vec<Uuid> = products.iter().map(|product| product.uuid()).collect();
    let text = "SELECT id FROM products WHERE tenant_id = $1 AND id = ANY ($2) AND status = 'published' ORDER BY id FOR NO KEY UPDATE";
    let products = taken(&tx, text, [tx.tenant().into(), ids.into()]).await?;
    listing::refresh(&tx, &products).await?;
    Ok(tx.commit().await?)
}

/// Clears some of the shelf of a collection that is no more.
///
/// # Errors
/// Postgres is away.
pub async fn clear_shelf(db: &TenantDb, id: CollectionId) -> Result<Settled, Error> {
    let tx = db.begin().await?;
    let text = "DELETE FROM product_shelves h WHERE h.tenant_id = $1 AND h.shelf_id = $2 AND (h.currency, h.product_id) IN (
                  SELECT x.currency, x.product_id FROM product_shelves x WHERE x.tenant_id = $1 AND x.shelf_id = $2 LIMIT $3)
                AND NOT EXISTS (SELECT FROM collections c WHERE c.tenant_id = $1 AND c.id = $2)";
    let cleared = sql::run(&tx, text, [tx.tenant().into(), id.into(), ROWS_A_STEP.into()]).await?;
    tx.commit().await?;
    Ok(if cleared < ROWS_A_STEP.unsigned_abs() { Settled::Wholly } else { Settled::Partly })
}

/// Has every collection settled anew whose rule asks for one of these: something has changed that no product tells of.
pub(in crate::catalog) async fn unsettle(tx: &TenantTx, clock: &Clock, fields: &[Field]) -> Result<(), Error> {
    #[derive(FromQueryResult)]
    struct Row {
        id: CollectionId,
    }
    let words: Vec<String> = fields.iter().map(|field| field.as_str().to_owned()).collect();
    let text = "UPDATE collections c SET is_settled = false, settled_to = NULL WHERE c.tenant_id = $1 AND c.kind = 'rule'
                AND EXISTS (SELECT FROM jsonb_array_elements(c.conditions) AS r (condition) WHERE r.condition ->> 'field' = ANY ($2))
                RETURNING c.id";
    let rows: Vec<Row> = sql::all(tx, text, [tx.tenant().into(), words.into()]).await?;
    let told: Vec<CollectionChanged> = rows.into_iter().map(|row| CollectionChanged { collection_id: row.id }).collect();
    Ok(outbox::record_all(tx, clock, &told).await?)
}

async fn taken(tx: &TenantTx, text: &str, values: impl IntoIterator<Item = sea_orm::Value>) -> Result<Vec<ProductId>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        id: ProductId,
    }
    let rows: Vec<Row> = sql::all(tx, text, values).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}
