//! The sales report.

use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement};
use tenancy::TenantTx;

use super::{Error, Period, figures::Figures, period::midnight, time_zone};
use crate::money::Money;

/// Longest report, so that none holds more than a few thousand rows.
const MAX_DAYS: [(Period, i64); 2] = [(Period::Hour, 31), (Period::Day, 366)];

/// What was sold from one midnight of the store to another.
#[derive(Clone, Debug)]
pub struct Report {
    pub period: Period,
    pub time_zone: Tz,
    /// Oldest first; an hour or a day without any business is left out.
    pub sales: Vec<Sales>,
}

/// The figures of one hour or day in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sales {
    pub starts_at: DateTime<Utc>,
    pub orders: i64,
    pub units: i64,
    pub subtotal: Money,
    pub shipping_total: Money,
    pub tax_total: Money,
    pub total: Money,
    pub cancelled_orders: i64,
    pub cancelled_total: Money,
    pub refunded_total: Money,
}

/// Sales from the first to the last day (both included) of the store's calendar.
///
/// # Errors
/// `TurnedRange`, `RangeTooLong` (31 days by hour, 366 by day).
pub async fn sales(tx: &TenantTx, period: Period, from: NaiveDate, to: NaiveDate) -> Result<Report, Error> {
    if to < from {
        return Err(Error::TurnedRange);
    }
    let days = (to - from).num_days() + 1;
    if let Some((_, max_days)) = MAX_DAYS.into_iter().find(|&(limited, max)| limited == period && days > max) {
        return Err(Error::RangeTooLong { period: period.as_str(), max_days });
    }
    let time_zone = time_zone(tx).await?;
    let until = to.checked_add_days(Days::new(1)).ok_or(Error::TurnedRange)?;
    let values = [period.as_str().into(), midnight(from, time_zone).into(), midnight(until, time_zone).into()];
    let ask = "SELECT starts_at, currency, orders, units, subtotal, shipping_total, tax_total, total,
                      cancelled_orders, cancelled_total, refunded_total
               FROM sales_rollups WHERE period = $1 AND starts_at >= $2 AND starts_at < $3 ORDER BY starts_at, currency";
    let rows = Row::find_by_statement(Statement::from_sql_and_values(tx.get_database_backend(), ask, values)).all(tx).await?;
    let sales = rows.into_iter().map(|row| Ok(row.figures.at(row.starts_at, row.currency.parse()?))).collect::<Result<_, Error>>()?;
    Ok(Report { period, time_zone, sales })
}

#[derive(FromQueryResult)]
struct Row {
    starts_at: DateTime<Utc>,
    currency: String,
    #[sea_orm(nested)]
    figures: Figures,
}
