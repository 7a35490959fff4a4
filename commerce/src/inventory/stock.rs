//! Stock as a vendor reads it: levels with the names of what they count.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, Value};
use tenancy::TenantTx;

use super::{Error, levels::Backorder};
use crate::{
    ids::{LocationId, ProductId, StockLevelId, VariantId},
    page::{Cursor, Page, PageQuery},
    sql,
};

#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    pub product: Option<ProductId>,
    pub variant: Option<VariantId>,
    pub location: Option<LocationId>,
    /// Only levels at or below their reorder point.
    pub low: bool,
}

#[derive(Clone, Debug, FromQueryResult)]
pub struct NamedLevel {
    pub id: StockLevelId,
    pub variant_id: VariantId,
    pub product_id: ProductId,
    pub location_id: LocationId,
    pub product_title: String,
    pub variant_title: String,
    pub sku: Option<String>,
    pub on_hand: i32,
    pub reserved: i32,
    pub safety_stock: i32,
    pub reorder_point: Option<i32>,
    pub backorder: Backorder,
    pub low_since: Option<DateTime<Utc>>,
    pub out_since: Option<DateTime<Utc>>,
    pub updated_at: DateTime<Utc>,
}

impl NamedLevel {
    /// Units that may still be promised; negative when more is promised than is there.
    pub const fn available(&self) -> i32 {
        self.on_hand - self.reserved - self.safety_stock
    }
}

const LEVELS: &str = "
SELECT s.id, s.variant_id, v.product_id, s.location_id, p.title AS product_title, v.title AS variant_title, v.sku, s.on_hand,
  s.reserved, s.safety_stock, s.reorder_point, s.backorder, s.low_since, s.out_since, s.updated_at
FROM stock_levels s
JOIN variants v ON v.tenant_id = $1 AND v.id = s.variant_id
JOIN products p ON p.tenant_id = $1 AND p.id = v.product_id
WHERE s.tenant_id = $1";

/// The level with this id.
///
/// # Errors
/// `LevelNotFound`.
pub async fn find(tx: &TenantTx, id: StockLevelId) -> Result<NamedLevel, Error> {
    let text = format!("{LEVELS} AND s.id = $2");
    sql::one(tx, &text, [tx.tenant().into(), id.into()]).await?.ok_or(Error::LevelNotFound(id))
}

/// Levels in the order they were opened.
///
/// # Errors
/// `Cursor` when the page was not continued from this list.
pub async fn list(tx: &TenantTx, filter: Filter, page: &PageQuery) -> Result<Page<NamedLevel>, Error> {
    let tenant = tx.tenant();
    let mut text = LEVELS.to_owned();
    let mut values: Vec<Value> = vec![tenant.into(), (page.limit.cast_signed() + 1).into()];
    let mut narrow = |condition: &str, value: Option<Value>| {
        if let Some(value) = value {
            values.push(value);
            let _infallible = write!(text, " AND {condition} ${}", values.len());
        }
    };
    narrow("v.product_id =", filter.product.map(Into::into));
    narrow("s.variant_id =", filter.variant.map(Into::into));
    narrow("s.location_id =", filter.location.map(Into::into));
    if let Some(cursor) = &page.after {
        narrow("s.id >", Some(cursor.for_list(Some(tenant), "stock-levels")?.id.into()));
    }
    if filter.low {
        text.push_str(" AND s.low_since IS NOT NULL");
    }
    text.push_str(" ORDER BY s.id LIMIT $2");
    let rows = sql::all(tx, &text, values).await?;
    Ok(Page::of(rows, page.limit, |row: &NamedLevel| Cursor::new(Some(tenant), "stock-levels", "", row.id.uuid())))
}
