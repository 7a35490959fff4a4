use chrono::{DateTime, Utc};
use commerce::{
    ids::{CustomerId, OrderId, OrderLineId, PaymentId, ProductId, VariantId},
    orders::{
        self, Cancellation, ListedOrder, OrderFilter,
        status::{fulfillment_status, payment_status},
    },
    page::PageQuery,
    payments,
};
use salvo::{
    Router, Writer,
    oapi::{ToParameters, ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::{Permission, TenantTx};

use super::fulfillments::{self, Fulfillment};
use crate::{
    Problem, State,
    context::{Body, Once, PathId, Query, Replay, Vendor},
    json::{Address, Id, Json, Money, Page},
};

pub(super) fn router() -> Router {
    let one = Router::with_path("{id}").get(show).push(Router::with_path("cancel").post(cancel)).push(fulfillments::router());
    Router::with_path("orders").get(list).push(one)
}

/// An order of a list.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "ListedOrder"))]
struct Listed {
    id: Id<OrderId>,
    number: i64,
    /// `placed`, `completed` or `cancelled`.
    status: &'static str,
    payment_status: &'static str,
    fulfillment_status: &'static str,
    email: String,
    /// Whose it is; null while it is a guest's.
    customer_id: Option<Id<CustomerId>>,
    units: i64,
    total: Money,
    placed_at: DateTime<Utc>,
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
            email: order.email,
            customer_id: order.customer_id.map(Id),
            placed_at: order.placed_at,
        }
    }
}

/// An order with all that happened to it.
#[derive(Debug, Serialize, ToSchema)]
struct Order {
    id: Id<OrderId>,
    number: i64,
    /// `placed`, `completed` or `cancelled`.
    status: &'static str,
    /// `pending`, `paid`, `partially_refunded`, `refunded` or `voided`.
    payment_status: &'static str,
    /// `unfulfilled`, `partial` or `fulfilled`.
    fulfillment_status: &'static str,
    email: String,
    /// Whose it is; null while it is a guest's.
    customer_id: Option<Id<CustomerId>>,
    shipping_address: Option<Address>,
    billing_address: Option<Address>,
    shipping_method_name: Option<String>,
    lines: Vec<OrderLine>,
    prices_include_tax: bool,
    subtotal: Money,
    shipping_total: Money,
    /// Contained in the total where prices include tax, added to it where they do not.
    tax_total: Money,
    total: Money,
    payments: Vec<OrderPayment>,
    fulfillments: Vec<Fulfillment>,
    history: Vec<HistoryEntry>,
    placed_at: DateTime<Utc>,
    completed_at: Option<DateTime<Utc>>,
    cancelled_at: Option<DateTime<Utc>>,
    cancel_reason: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct OrderLine {
    id: Id<OrderLineId>,
    product_id: Id<ProductId>,
    variant_id: Id<VariantId>,
    product_title: String,
    variant_title: String,
    sku: Option<String>,
    quantity: i32,
    fulfilled_quantity: i32,
    unit_price: Money,
    subtotal: Money,
    tax_total: Money,
}

/// Money that was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderPayment {
    id: Id<PaymentId>,
    /// `test` or `manual`.
    gateway: &'static str,
    /// `pending`, `requires_action`, `authorized`, `captured`, `failed`, `voided` or `refunded`.
    status: &'static str,
    amount: Money,
    captured: Money,
    refunded: Money,
    gateway_reference: Option<String>,
    created_at: DateTime<Utc>,
}

impl From<payments::Payment> for OrderPayment {
    fn from(payment: payments::Payment) -> Self {
        let money = |minor| Money(commerce::money::Money::new(minor, payment.currency));
        Self {
            id: payment.id.into(),
            gateway: payment.gateway.as_str(),
            status: payment.status.as_str(),
            amount: money(payment.amount),
            captured: money(payment.captured),
            refunded: money(payment.refunded),
            gateway_reference: payment.gateway_reference,
            created_at: payment.created_at,
        }
    }
}

/// Something that happened to the order, and who did it.
#[derive(Debug, Serialize, ToSchema)]
struct HistoryEntry {
    /// `placed`, `paid`, `fulfilled`, `completed` or `cancelled`.
    event: &'static str,
    actor: String,
    details: serde_json::Value,
    at: DateTime<Utc>,
}

#[derive(Debug, Deserialize, ToParameters, garde::Validate)]
#[serde(deny_unknown_fields)]
#[salvo(parameters(default_parameter_in = Query))]
struct Filter {
    /// Only orders of this status.
    #[garde(skip)]
    status: Option<Status>,
    /// Only orders of this customer.
    #[garde(skip)]
    customer: Option<Id<CustomerId>>,
    /// How many, 24 unless told.
    #[garde(range(min = 1, max = 100))]
    #[salvo(parameter(minimum = 1, maximum = 100))]
    limit: Option<u64>,
    /// The `next` of the page before.
    #[garde(skip)]
    after: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[salvo(schema(name = "OrderStatus"))]
enum Status {
    Placed,
    Completed,
    Cancelled,
}

impl From<Status> for orders::Status {
    fn from(status: Status) -> Self {
        match status {
            Status::Placed => Self::Placed,
            Status::Completed => Self::Completed,
            Status::Cancelled => Self::Cancelled,
        }
    }
}

/// Why an order is called off.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct CancelOrder {
    #[garde(length(chars, min = 1, max = 200))]
    #[salvo(schema(min_length = 1, max_length = 200))]
    reason: String,
    /// Whether the units go back into stock; they do unless told otherwise.
    #[garde(skip)]
    restock: Option<bool>,
}

/// List orders, the newest first.
#[endpoint]
async fn list(vendor: Vendor, filter: Query<Filter>) -> Result<Page<Listed>, Problem> {
    vendor.require(Permission::ReadOrders)?;
    let after = filter.0.after.as_deref().map(commerce::page::Cursor::parse).transpose()?;
    let page = PageQuery { limit: filter.0.limit.unwrap_or(commerce::page::DEFAULT_LIMIT), after };
    let filter = OrderFilter { status: filter.0.status.map(Into::into), customer: filter.0.customer.map(|id| id.0) };
    let tx = vendor.db.begin().await?;
    Ok(Page::of(orders::list(&tx, filter, &page).await?))
}

/// Show an order.
#[endpoint]
async fn show(vendor: Vendor, id: PathId<OrderId>) -> Result<Json<Order>, Problem> {
    vendor.require(Permission::ReadOrders)?;
    let tx = vendor.db.begin().await?;
    Ok(Json(read(&tx, id.0).await?))
}

/// Cancel an order.
///
/// Only one of which nothing has left. What was paid is given back; units go back into stock unless told otherwise.
#[endpoint]
async fn cancel(
    vendor: Vendor,
    state: State,
    id: PathId<OrderId>,
    once: Once,
    body: Body<CancelOrder>,
) -> Result<Replay<Json<Order>>, Problem> {
    vendor.require(Permission::WriteOrders)?;
    let tx = vendor.db.begin().await?;
    if let Some(first) = once.first_answer(&tx).await? {
        return Ok(first);
    }
    let cancellation = Cancellation { reason: body.0.reason, restock: body.0.restock.unwrap_or(true) };
    orders::cancel(&tx, &state.clock, id.0, cancellation, vendor.actor).await?;
    let order = read(&tx, id.0).await?;
    once.commit(tx, &state.clock, Json(order)).await
}

async fn read(tx: &TenantTx, id: OrderId) -> Result<Order, orders::Error> {
    let order = orders::find(tx, id).await?;
    let lines = orders::lines(tx, id).await?;
    let paid = payments::of_order(tx, id).await?;
    let fulfillments = orders::fulfillments_of_order(tx, id).await?;
    let history = orders::history(tx, id).await?;
    let money = |minor| Money(order.money(minor));
    Ok(Order {
        id: order.id.into(),
        number: order.number,
        status: order.status.as_str(),
        payment_status: payment_status(order.total, &paid).as_str(),
        fulfillment_status: fulfillment_status(&lines).as_str(),
        prices_include_tax: order.prices_include_tax,
        subtotal: money(order.subtotal),
        shipping_total: money(order.shipping_total),
        tax_total: money(order.tax_total),
        total: money(order.total),
        lines: lines.into_iter().map(|line| shown_line(line, money)).collect(),
        payments: paid.into_iter().map(Into::into).collect(),
        fulfillments: fulfillments.into_iter().map(Into::into).collect(),
        history: history.into_iter().map(shown_entry).collect(),
        email: order.email,
        customer_id: order.customer_id.map(Id),
        shipping_address: order.shipping_address.map(Into::into),
        billing_address: order.billing_address.map(Into::into),
        shipping_method_name: order.shipping_method_name,
        placed_at: order.placed_at,
        completed_at: order.completed_at,
        cancelled_at: order.cancelled_at,
        cancel_reason: order.cancel_reason,
    })
}

fn shown_line(line: orders::OrderLine, money: impl Fn(i64) -> Money) -> OrderLine {
    OrderLine {
        id: line.id.into(),
        product_id: line.product_id.into(),
        variant_id: line.variant_id.into(),
        product_title: line.product_title,
        variant_title: line.variant_title,
        sku: line.sku,
        quantity: line.quantity,
        fulfilled_quantity: line.fulfilled_quantity,
        unit_price: money(line.unit_price),
        subtotal: money(line.subtotal),
        tax_total: money(line.tax_total),
    }
}

fn shown_entry(entry: orders::HistoryEntry) -> HistoryEntry {
    HistoryEntry { event: entry.event.as_str(), actor: entry.actor, details: entry.details, at: entry.created_at }
}
