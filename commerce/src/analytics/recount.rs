//! The same figures, from the orders and payments themselves: the proof that no fact was lost or counted twice.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement};
use tenancy::TenantTx;

use super::{Error, Period, Sales, figures::Figures, time_zone};

/// Counts all business of the store anew. Reads every order: for proofs and repair, not for a page.
///
/// # Errors
/// The store's time zone is unknown, or Postgres is away.
pub async fn recount(tx: &TenantTx, period: Period) -> Result<Vec<Sales>, Error> {
    let zone = time_zone(tx).await?;
    let mut sums: BTreeMap<(DateTime<Utc>, String), Figures> = BTreeMap::new();
    let business = Business::find_by_statement(Statement::from_string(tx.get_database_backend(), BUSINESS)).all(tx).await?;
    for row in business {
        sums.entry((period.start(row.at, zone), row.currency.clone())).or_default().add(row.figures);
    }
    sums.into_iter().map(|((starts_at, currency), figures)| Ok(figures.at(starts_at, currency.parse()?))).collect()
}

const BUSINESS: &str = "
SELECT placed_at AS at, currency, 1::bigint AS orders,
       (SELECT coalesce(sum(quantity), 0)::bigint FROM order_lines WHERE order_id = orders.id) AS units,
       subtotal, shipping_total, tax_total, total, 0::bigint AS cancelled_orders, 0::bigint AS cancelled_total, 0::bigint AS refunded_total
FROM orders
UNION ALL
SELECT placed_at, currency, 0, 0, 0, 0, 0, 0, 1, total, 0 FROM orders WHERE status = 'cancelled'
UNION ALL
SELECT created_at, currency, 0, 0, 0, 0, 0, 0, 0, 0, amount FROM payment_events WHERE kind = 'refund' AND outcome = 'succeeded'";

#[derive(FromQueryResult)]
struct Business {
    at: DateTime<Utc>,
    currency: String,
    #[sea_orm(nested)]
    figures: Figures,
}
