use chrono::{DateTime, NaiveDate, Utc};
use commerce::analytics::{self, Period};
use garde::Validate;
use salvo::{
    Router, Writer,
    oapi::{ToParameters, ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::Permission;

use crate::{
    Problem,
    context::{Query, Vendor},
    json::{Json, Money},
};

pub(super) fn router() -> Router {
    Router::with_path("analytics/sales").get(sales)
}

/// How finely sales are summed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SalesPeriod {
    Hour,
    #[default]
    Day,
}

impl From<SalesPeriod> for Period {
    fn from(period: SalesPeriod) -> Self {
        match period {
            SalesPeriod::Hour => Self::Hour,
            SalesPeriod::Day => Self::Day,
        }
    }
}

#[derive(Debug, Deserialize, Validate, ToParameters)]
#[serde(deny_unknown_fields)]
#[salvo(parameters(default_parameter_in = Query))]
pub(super) struct SalesRange {
    /// By hour (31 days at most) or by day (366 at most).
    #[serde(default)]
    #[garde(skip)]
    period: SalesPeriod,
    /// The first day, by the store's calendar.
    #[garde(skip)]
    from: NaiveDate,
    /// The last day, itself included.
    #[garde(skip)]
    to: NaiveDate,
}

/// What was sold, by hour or by day of the store's own time zone.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SalesReport {
    period: SalesPeriod,
    time_zone: String,
    /// Oldest first, one entry a currency. An hour or a day without any business is left out.
    sales: Vec<Sales>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Sales {
    /// When the hour or the day began.
    starts_at: DateTime<Utc>,
    orders: i64,
    units: i64,
    subtotal: Money,
    shipping_total: Money,
    tax_total: Money,
    /// What the orders came to, with shipping and tax; cancelled ones are part of it.
    total: Money,
    /// How many of these orders were cancelled.
    cancelled_orders: i64,
    /// What the cancelled orders had come to.
    cancelled_total: Money,
    /// What was given back in this hour or on this day, for whichever order.
    refunded_total: Money,
}

impl From<analytics::Sales> for Sales {
    fn from(figures: analytics::Sales) -> Self {
        Self {
            starts_at: figures.starts_at,
            orders: figures.orders,
            units: figures.units,
            subtotal: figures.subtotal.into(),
            shipping_total: figures.shipping_total.into(),
            tax_total: figures.tax_total.into(),
            total: figures.total.into(),
            cancelled_orders: figures.cancelled_orders,
            cancelled_total: figures.cancelled_total.into(),
            refunded_total: figures.refunded_total.into(),
        }
    }
}

/// Report sales.
///
/// Figures follow an order within seconds.
#[endpoint]
async fn sales(vendor: Vendor, range: Query<SalesRange>) -> Result<Json<SalesReport>, Problem> {
    vendor.require(Permission::ReadAnalytics)?;
    let tx = vendor.db.begin().await?;
    let SalesRange { period, from, to } = range.0;
    let report = analytics::sales(&tx, period.into(), from, to).await?;
    let figures = report.sales.into_iter().map(Sales::from).collect();
    Ok(Json(SalesReport { period, time_zone: report.time_zone.to_string(), sales: figures }))
}
