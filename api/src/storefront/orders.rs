use chrono::{DateTime, Utc};
use commerce::{
    ids::{OrderId, OrderLineId, ProductId, VariantId},
    orders::{
        self,
        status::{fulfillment_status, payment_status},
    },
    payments,
};
use salvo::{
    Router, Writer,
    oapi::{ToParameters, ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::TenantTx;

use super::{checkouts::TaxLine, order_page::Followed};
use crate::{
    Problem, State,
    context::{PathId, Query, Shopper},
    json::{Address, Id, Money, PictureUrl},
};

pub(super) fn router() -> Router {
    Router::with_path("orders").push(Router::with_path("{id}").get(show))
}

/// An order, as its shopper follows it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Order {
    id: Id<OrderId>,
    number: i64,
    /// `placed`, `completed` or `cancelled`.
    pub(super) status: &'static str,
    /// `pending`, `paid`, `partially_refunded`, `refunded` or `voided`.
    pub(super) payment_status: &'static str,
    /// `unfulfilled`, `partial` or `fulfilled`.
    pub(super) fulfillment_status: &'static str,
    email: String,
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
    tax_lines: Vec<TaxLine>,
    fulfillments: Vec<Fulfillment>,
    pub(super) placed_at: DateTime<Utc>,
    cancelled_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize, ToSchema)]
struct OrderLine {
    id: Id<OrderLineId>,
    product_id: Id<ProductId>,
    variant_id: Id<VariantId>,
    product_title: String,
    variant_title: String,
    sku: Option<String>,
    image_url: Option<PictureUrl>,
    quantity: i32,
    fulfilled_quantity: i32,
    unit_price: Money,
    subtotal: Money,
    tax_total: Money,
}

/// Goods that have left.
#[derive(Debug, Serialize, ToSchema)]
struct Fulfillment {
    carrier: Option<String>,
    tracking_number: Option<String>,
    tracking_url: Option<String>,
    shipped_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize, ToParameters, garde::Validate)]
#[serde(deny_unknown_fields)]
#[salvo(parameters(default_parameter_in = Query))]
#[garde(allow_unvalidated)]
struct Link {
    /// The secret of the order's link, as the completed checkout and the confirmation mail give it.
    token: String,
}

/// Follow an order by its secret link.
///
/// A wrong token and an order that does not exist get the same answer. A browser, which asks for `text/html`, gets a page.
#[endpoint]
async fn show(shopper: Shopper, state: State, id: PathId<OrderId>, link: Query<Link>) -> Result<Followed, Problem> {
    if !state.order_links.is_valid(shopper.store.id, id.0, &link.0.token) {
        return Err(orders::Error::LinkInvalid.into());
    }
    let tx = shopper.db.begin().await?;
    let order = read(&tx, orders::find(&tx, id.0).await?).await?;
    Ok(Followed { store: shopper.store, order })
}

/// An order with all that its shopper sees of it.
pub(super) async fn read(tx: &TenantTx, order: orders::Order) -> Result<Order, orders::Error> {
    let id = order.id;
    let lines = orders::lines(tx, id).await?;
    let taxes = orders::tax_lines(tx, id).await?;
    let paid = payments::of_order(tx, id).await?;
    let fulfillments = orders::fulfillments_of_order(tx, id).await?;
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
        tax_lines: taxes.into_iter().map(|tax| shown_tax(tax, money)).collect(),
        fulfillments: fulfillments.into_iter().map(|(sent, _)| shown_fulfillment(sent)).collect(),
        email: order.email,
        shipping_address: order.shipping_address.map(Into::into),
        billing_address: order.billing_address.map(Into::into),
        shipping_method_name: order.shipping_method_name,
        placed_at: order.placed_at,
        cancelled_at: order.cancelled_at,
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
        image_url: line.image_url.map(PictureUrl),
        quantity: line.quantity,
        fulfilled_quantity: line.fulfilled_quantity,
        unit_price: money(line.unit_price),
        subtotal: money(line.subtotal),
        tax_total: money(line.tax_total),
    }
}

fn shown_tax(tax: orders::OrderTaxLine, money: impl Fn(i64) -> Money) -> TaxLine {
    TaxLine {
        line_id: tax.line_id.map(|id| id.to_string()),
        name: tax.name,
        country: tax.country,
        tax_class: tax.tax_class,
        percent: tax.percent.normalize().to_string(),
        taxable: money(tax.taxable),
        amount: money(tax.amount),
        reason: tax.reason,
    }
}

fn shown_fulfillment(sent: orders::Fulfillment) -> Fulfillment {
    let orders::Fulfillment { carrier, tracking_number, tracking_url, created_at, .. } = sent;
    Fulfillment { carrier, tracking_number, tracking_url, shipped_at: created_at }
}
