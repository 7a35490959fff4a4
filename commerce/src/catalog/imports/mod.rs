//! Imports: a file of products on its way into the catalogue.
//!
//! Promises
//! - A file is staged whole or not at all; what cannot be read at all is refused at once and says why.
//! - Products are taken in batches, each in one transaction with its progress: a kill at any point loses no work and
//!   repeats none.
//! - A product is written whole or not at all. What is wrong with it is told by row and column, and hinders no other.
//! - The same file twice changes nothing and tells no facts.
//!
//! Rules
//! - A product is known by its handle, which is its slug. Rows of one handle are one product wherever they stand.
//! - What the file has a column for becomes so, a blank cell clears; what it has none for stays. Variants, options and
//!   images that the file does not name stay.
//! - A variant is known by its option values. A file that names other options than the product has is refused for it.
//! - A quantity opens the level of a new variant. Later it corrects the level only while nothing but imports has moved it
//!   and nothing of it is reserved: stock that has been sold, received or counted is never overwritten.
//! - A variant is counted when the file names a tracker or a quantity above none.
//! - A product that its people archived stays archived, unless the file says otherwise by a `Status`.

mod batch;
mod columns;
mod compare;
mod file;
mod stage;
mod wanted;
mod write;

use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect};
use tenancy::TenantTx;

pub use super::entity::import::{Model as Import, Status};
use super::{Error, entity::import};
use crate::{
    ids::{ImportErrorId, ImportId},
    page::{Cursor, CursorError, Page, PageQuery},
    sql,
};
pub use batch::{Progress, run_step};
pub use file::MOST_BYTES;
pub use stage::request;

/// The import with this id.
///
/// # Errors
/// `ImportNotFound`.
pub async fn find(tx: &TenantTx, id: ImportId) -> Result<Import, Error> {
    import::Entity::find_by_id((tx.tenant(), id)).one(tx).await?.ok_or(Error::ImportNotFound(id))
}

/// The store's imports, the newest first.
///
/// # Errors
/// `Cursor` when the page was not continued from this list.
pub async fn list(tx: &TenantTx, page: &PageQuery) -> Result<Page<Import>, Error> {
    let tenant = tx.tenant();
    let mut found = import::Entity::find().filter(import::Column::TenantId.eq(tenant));
    if let Some(cursor) = &page.after {
        found = found.filter(import::Column::Id.lt(cursor.for_list(Some(tenant), "imports")?.id));
    }
    let rows = found.order_by_desc(import::Column::Id).limit(page.limit + 1).all(tx).await?;
    Ok(Page::of(rows, page.limit, |row| Cursor::new(Some(tenant), "imports", "", row.id.uuid())))
}

/// What was wrong with a row. Rows are counted as a spreadsheet shows them: the headings are row 1.
#[derive(Clone, Debug, FromQueryResult)]
pub struct ImportFault {
    pub id: ImportErrorId,
    pub row: i32,
    /// The heading of the column.
    pub field: String,
    pub message: String,
}

/// What was wrong, in the order of rows.
///
/// # Errors
/// `ImportNotFound`; `Cursor` when the page was not continued from this list.
pub async fn errors(tx: &TenantTx, id: ImportId, page: &PageQuery) -> Result<Page<ImportFault>, Error> {
    find(tx, id).await?;
    let (tenant, sort) = (tx.tenant(), format!("errors:{id}"));
    let mut values = vec![tenant.into(), id.into(), (page.limit.cast_signed() + 1).into()];
    let mut after = "";
    if let Some(cursor) = &page.after {
        let cursor = cursor.for_list(Some(tenant), &sort)?;
        values.extend([cursor.key.parse::<i32>().map_err(|_| CursorError)?.into(), cursor.id.into()]);
        after = " AND (row, id) > ($4, $5)";
    }
    let text = format!(
        "SELECT id, row, field, message FROM import_errors WHERE tenant_id = $1 AND import_id = $2{after} ORDER BY row, id LIMIT $3"
    );
    let rows = sql::all(tx, &text, values).await?;
    Ok(Page::of(rows, page.limit, |row: &ImportFault| Cursor::new(Some(tenant), &sort, row.row.to_string(), row.id.uuid())))
}
