//! Movements: the ledger that explains a level.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tenancy::TenantTx;

pub use super::entity::stock_movement::{Kind, Model as Movement};
use super::{Error, entity::stock_movement, levels};
use crate::{
    ids::StockLevelId,
    page::{Cursor, Page, PageQuery},
};

/// The movements of a level, the newest first.
///
/// # Errors
/// `LevelNotFound`; `Cursor` when the page was not continued from this list.
pub async fn list(tx: &TenantTx, level: StockLevelId, page: &PageQuery) -> Result<Page<Movement>, Error> {
    levels::find(tx, level).await?;
    let tenant = tx.tenant();
    let mut found = stock_movement::Entity::find()
        .filter(stock_movement::Column::TenantId.eq(tenant))
        .filter(stock_movement::Column::StockLevelId.eq(level));
    if let Some(cursor) = &page.after {
        let cursor = cursor.for_list(Some(tenant), &sort(level))?;
        found = found.filter(stock_movement::Column::Id.lt(cursor.id));
    }
    let rows = found.order_by_desc(stock_movement::Column::Id).limit(page.limit + 1).all(tx).await?;
    Ok(Page::of(rows, page.limit, |row| Cursor::new(Some(tenant), &sort(level), "", row.id.uuid())))
}

fn sort(level: StockLevelId) -> String {
    format!("movements:{level}")
}
