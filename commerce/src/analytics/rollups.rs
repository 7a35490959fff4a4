//! Raising the sums. Each operation is called once a fact, in the transaction that marks the fact's job as handled.

use chrono::{DateTime, Utc};
use tenancy::TenantTx;

use super::{Error, Period, figures::Figures, time_zone};
use crate::{
    money::Money,
    orders::{OrderCancelled, OrderPlaced},
    sql,
};

/// Counts an order for the hour and the day in which it was placed.
///
/// # Errors
/// The store's time zone is unknown, or Postgres is away.
pub async fn record_sale(tx: &TenantTx, sale: &OrderPlaced) -> Result<(), Error> {
    let figures = Figures {
        orders: 1,
        units: sale.units,
        subtotal: sale.subtotal.minor,
        shipping_total: sale.shipping_total.minor,
        tax_total: sale.tax_total.minor,
        total: sale.total.minor,
        ..Figures::default()
    };
    raise(tx, sale.placed_at, sale.total, figures).await
}

/// Counts a cancellation for the hour and the day in which its order was placed.
///
/// # Errors
/// The store's time zone is unknown, or Postgres is away.
pub async fn record_cancellation(tx: &TenantTx, cancelled: &OrderCancelled) -> Result<(), Error> {
    let figures = Figures { cancelled_orders: 1, cancelled_total: cancelled.total.minor, ..Figures::default() };
    raise(tx, cancelled.placed_at, cancelled.total, figures).await
}

/// Counts a refund for the hour and the day in which the money went back.
///
/// # Errors
/// The store's time zone is unknown, or Postgres is away.
pub async fn record_refund(tx: &TenantTx, refunded_at: DateTime<Utc>, amount: Money) -> Result<(), Error> {
    raise(tx, refunded_at, amount, Figures { refunded_total: amount.minor, ..Figures::default() }).await
}

async fn raise(tx: &TenantTx, at: DateTime<Utc>, in_currency: Money, by: Figures) -> Result<(), Error> {
    let zone = time_zone(tx).await?;
    let values = [
        tx.tenant().into(),
        Period::ALL.map(|period| period.as_str().to_owned()).to_vec().into(),
        Period::ALL.map(|period| period.start(at, zone)).to_vec().into(),
        in_currency.currency.code().into(),
        by.orders.into(),
        by.units.into(),
        by.subtotal.into(),
        by.shipping_total.into(),
        by.tax_total.into(),
        by.total.into(),
        by.cancelled_orders.into(),
        by.cancelled_total.into(),
        by.refunded_total.into(),
    ];
    sql::run(tx, RAISE, values).await?;
    Ok(())
}

const RAISE: &str = "
INSERT INTO sales_rollups AS kept (tenant_id, period, starts_at, currency, orders, units, subtotal, shipping_total, tax_total,
                                   total, cancelled_orders, cancelled_total, refunded_total)
SELECT $1, began.period, began.at, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
FROM unnest($2::text[], $3::timestamptz[]) AS began (period, at)
ON CONFLICT (tenant_id, period, starts_at, currency) DO UPDATE SET
  orders = kept.orders + excluded.orders,
  units = kept.units + excluded.units,
  subtotal = kept.subtotal + excluded.subtotal,
  shipping_total = kept.shipping_total + excluded.shipping_total,
  tax_total = kept.tax_total + excluded.tax_total,
  total = kept.total + excluded.total,
  cancelled_orders = kept.cancelled_orders + excluded.cancelled_orders,
  cancelled_total = kept.cancelled_total + excluded.cancelled_total,
  refunded_total = kept.refunded_total + excluded.refunded_total";
