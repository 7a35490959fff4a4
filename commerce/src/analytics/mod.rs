//! Analytics: what a store has sold, by hour and by day of its own time zone.
//!
//! Figures are running sums, raised by the facts of orders and payments, each once. They promise to equal [`recount`], which
//! asks the orders and payments themselves. A sale counts when its order was placed, a cancellation beside the sale it
//! undoes, a refund when the money went back.
//!
//! Uses: the facts of orders and payments. Nobody uses it.

mod error;
mod figures;
mod period;
mod recount;
mod rollups;
mod sales;

pub use error::Error;
pub use period::Period;
pub use recount::recount;
pub use rollups::{record_cancellation, record_refund, record_sale};
pub use sales::{Report, Sales, sales};

use chrono_tz::Tz;
use sea_orm::{ConnectionTrait, Statement};
use tenancy::TenantTx;

/// The time zone in which the store's days begin.
async fn time_zone(tx: &TenantTx) -> Result<Tz, Error> {
    let ask = Statement::from_string(tx.get_database_backend(), "SELECT time_zone FROM store_settings");
    let row = tx.query_one_raw(ask).await?.ok_or(Error::NoStore)?;
    let name: String = row.try_get("", "time_zone")?;
    name.parse().map_err(|_| Error::UnknownTimeZone(name))
}
