//! What a customer has bought.

use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;
use tenancy::{CustomerId, TenantTx};

use super::Error;
use crate::{
    money::{Currency, Money},
    sql,
};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// All that were placed.
    pub orders: i64,
    pub cancelled_orders: i64,
    /// One for each currency: what was placed less what was cancelled.
    pub totals: Vec<Money>,
    pub last_order_at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct Row {
    currency: Currency,
    orders: i64,
    cancelled: i64,
    total: i64,
    last_order_at: DateTime<Utc>,
}

/// Counts a customer's orders, in one statement.
///
/// # Errors
/// Postgres is away.
pub async fn figures(tx: &TenantTx, of: CustomerId) -> Result<Figures, Error> {
    let text = "SELECT currency, count(*) AS orders, count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
                       coalesce(sum(total) FILTER (WHERE status <> 'cancelled'), 0)::bigint AS total, max(placed_at) AS last_order_at
                FROM orders WHERE tenant_id = $1 AND customer_id = $2 GROUP BY currency ORDER BY currency";
    let rows: Vec<Row> = sql::all(tx, text, [tx.tenant().into(), of.into()]).await?;
    Ok(Figures {
        orders: rows.iter().map(|row| row.orders).sum(),
        cancelled_orders: rows.iter().map(|row| row.cancelled).sum(),
        totals: rows.iter().map(|row| Money::new(row.total, row.currency)).collect(),
        last_order_at: rows.iter().map(|row| row.last_order_at).max(),
    })
}
