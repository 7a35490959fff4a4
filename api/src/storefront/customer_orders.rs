use chrono::{DateTime, Utc};
use commerce::{
    ids::OrderId,
    orders::{self, ListedOrder, OrderFilter},
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::Serialize;

use super::orders::{Order, read};
use crate::{
    Problem,
    context::{Customer, Paging, PathId},
    json::{Id, Json, Money, Page},
};

pub(super) fn router() -> Router {
    Router::with_path("customer/orders").get(list).push(Router::with_path("{id}").get(show))
}

/// An order of a list.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "ListedOrder"))]
struct Listed {
    id: Id<OrderId>,
    number: i64,
    /// `placed`, `completed` or `cancelled`.
    status: &'static str,
    /// `pending`, `paid`, `partially_refunded`, `refunded` or `voided`.
    payment_status: &'static str,
    /// `unfulfilled`, `partial` or `fulfilled`.
    fulfillment_status: &'static str,
    units: i64,
    total: Money,
    placed_at: DateTime<Utc>,
}

/// List the customer's orders, the newest first.
///
/// With those that were placed as a guest, once the address is proved.
#[endpoint]
async fn list(customer: Customer, page: Paging) -> Result<Page<Listed>, Problem> {
    let filter = OrderFilter { customer: Some(customer.who.customer), ..OrderFilter::default() };
    let tx = customer.db.begin().await?;
    Ok(Page::of(orders::list(&tx, filter, &page.0).await?))
}

/// Show one of the customer's orders.
#[endpoint]
async fn show(customer: Customer, id: PathId<OrderId>) -> Result<Json<Order>, Problem> {
    let tx = customer.db.begin().await?;
    let order = orders::find_of(&tx, customer.who.customer, id.0).await?;
    Ok(Json(read(&tx, order).await?))
}

impl From<ListedOrder> for Listed {
    fn from(listed: ListedOrder) -> Self {
        let ListedOrder { order, payment_status, fulfillment_status, units } = listed;
        Self {
            id: order.id.into(),
            number: order.number,
            status: order.status.as_str(),
            payment_status: payment_status.as_str(),
            fulfillment_status: fulfillment_status.as_str(),
            units,
            total: order.money(order.total).into(),
            placed_at: order.placed_at,
        }
    }
}
