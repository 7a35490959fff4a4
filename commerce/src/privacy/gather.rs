//! Everything that a store knows of a customer, as one JSON document in the words of the API.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, FromQueryResult, Value};
use serde::Serialize;
use serde_json::{Value as Json, json};
use tenancy::TenantTx;

use super::Error;
use crate::{
    cart::Cart,
    clock::Clock,
    customers::{Customer, addresses},
    ids::{CheckoutId, FulfillmentId, OrderId, PaymentId, SessionId},
    money::{Currency, Money},
    orders, payments, sql,
};

/// The newest ones; a document must end somewhere, and says when it is not whole.
const ORDERS_AT_MOST: usize = 2_000;
const CHECKOUTS_AT_MOST: usize = 500;
const EVENTS_AT_MOST: usize = 2_000;

#[derive(Serialize, FromQueryResult)]
struct Order {
    id: OrderId,
    number: i64,
    #[serde(skip)]
    status: orders::Status,
    email: String,
    shipping_address: Option<Json>,
    billing_address: Option<Json>,
    shipping_method_name: Option<String>,
    #[serde(skip)]
    currency: Currency,
    #[serde(skip)]
    subtotal: i64,
    #[serde(skip)]
    shipping_total: i64,
    #[serde(skip)]
    tax_total: i64,
    #[serde(skip)]
    total: i64,
    placed_at: DateTime<Utc>,
    completed_at: Option<DateTime<Utc>>,
    cancelled_at: Option<DateTime<Utc>>,
    cancel_reason: Option<String>,
}

#[derive(FromQueryResult)]
struct Line {
    order_id: OrderId,
    product_title: String,
    variant_title: String,
    sku: Option<String>,
    quantity: i32,
    unit_price: i64,
    subtotal: i64,
    tax_total: i64,
}

#[derive(FromQueryResult)]
struct Payment {
    order_id: OrderId,
    id: PaymentId,
    gateway: String,
    status: payments::Status,
    currency: Currency,
    amount: i64,
    captured: i64,
    refunded: i64,
    created_at: DateTime<Utc>,
}

#[derive(Serialize, FromQueryResult)]
struct Parcel {
    #[serde(skip)]
    order_id: OrderId,
    id: FulfillmentId,
    carrier: Option<String>,
    tracking_number: Option<String>,
    tracking_url: Option<String>,
    created_at: DateTime<Utc>,
}

#[derive(Serialize, FromQueryResult)]
struct Checkout {
    id: CheckoutId,
    status: String,
    email: Option<String>,
    shipping_address: Option<Json>,
    billing_address: Option<Json>,
    created_at: DateTime<Utc>,
}

#[derive(Serialize, FromQueryResult)]
struct Session {
    id: SessionId,
    user_agent: Option<String>,
    address: Option<String>,
    began_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

/// Who the customer is elsewhere.
#[derive(Serialize, FromQueryResult)]
struct LinkedIdentity {
    issuer: String,
    subject: String,
    provider_name: String,
    created_at: DateTime<Utc>,
}

#[derive(Serialize, FromQueryResult)]
struct Event {
    code: String,
    occurred_at: DateTime<Utc>,
}

/// Gathers. `cart` is what the customer fills now.
pub(super) async fn gather(tx: &TenantTx, clock: &Clock, customer: &Customer, cart: Option<&Cart>) -> Result<Json, Error> {
    let of = || [tx.tenant().into(), customer.id.into()];
    let addresses = addresses::list(tx, customer.id).await?;
    let addresses: Vec<Json> = addresses
        .into_iter()
        .map(|kept| {
            let defaults = (kept.is_default_shipping, kept.is_default_billing);
            json!({ "address": kept.address, "is_default_shipping": defaults.0, "is_default_billing": defaults.1, "created_at": kept.created_at })
        })
        .collect();
    // One row a sign-in: the last of its tokens tells where it was used.
    let sessions = "SELECT DISTINCT ON (family_id) family_id AS id, user_agent, address, began_at, revoked_at AS ended_at
                    FROM customer_refresh_tokens WHERE tenant_id = $1 AND customer_id = $2 ORDER BY family_id, created_at DESC";
    let sessions: Vec<Session> = sql::all(tx, sessions, of()).await?;
    let identities = "SELECT issuer, subject, provider_name, created_at FROM customer_identities
                      WHERE tenant_id = $1 AND customer_id = $2 ORDER BY id";
    let identities: Vec<LinkedIdentity> = sql::all(tx, identities, of()).await?;
    let checkouts = "SELECT id, status, email, shipping_address, billing_address, created_at FROM checkouts
                     WHERE tenant_id = $1 AND customer_id = $2 ORDER BY created_at DESC, id LIMIT $3";
    let checkouts: Vec<Checkout> = sql::all(tx, checkouts, of().into_iter().chain([limit(CHECKOUTS_AT_MOST)])).await?;
    let events = "SELECT code, occurred_at FROM facts WHERE tenant_id = $1 AND aggregate_id = $2 ORDER BY sequence DESC LIMIT $3";
    let events: Vec<Event> = sql::all(tx, events, of().into_iter().chain([limit(EVENTS_AT_MOST)])).await?;
    let orders = orders(tx, customer).await?;
    Ok(json!({
        "made_at": clock.now(),
        "profile": {
            "id": customer.id, "email": customer.email, "email_verified_at": customer.email_verified_at, "name": customer.name,
            "note_of_the_store": customer.note, "created_at": customer.created_at, "updated_at": customer.updated_at,
        },
        "consents": [{ "to": "marketing", "is_given": customer.accepts_marketing, "decided_at": customer.marketing_decided_at }],
        "addresses": addresses,
        "sessions": sessions,
        "identities": identities,
        "cart": cart,
        "checkouts": checkouts,
        "orders": orders,
        "events": events,
        "is_whole": orders.len() < ORDERS_AT_MOST && checkouts.len() < CHECKOUTS_AT_MOST && events.len() < EVENTS_AT_MOST,
    }))
}

/// Those placed as a guest included, which have become theirs. Four statements for all of them.
async fn orders(tx: &TenantTx, customer: &Customer) -> Result<Vec<Json>, DbErr> {
    const THEIRS: &str =
        "WITH theirs AS (SELECT id FROM orders WHERE tenant_id = $1 AND customer_id = $2 ORDER BY placed_at DESC, id DESC LIMIT $3)";
    let values = || [tx.tenant().into(), customer.id.into(), limit(ORDERS_AT_MOST)];
    let found = format!(
        "{THEIRS} SELECT id, number, status, email, shipping_address, billing_address, shipping_method_name, currency, subtotal,
           shipping_total, tax_total, total, placed_at, completed_at, cancelled_at, cancel_reason
         FROM orders WHERE tenant_id = $1 AND id IN (SELECT id FROM theirs) ORDER BY placed_at DESC, id DESC"
    );
    let found: Vec<Order> = sql::all(tx, &found, values()).await?;
    let lines = format!(
        "{THEIRS} SELECT order_id, product_title, variant_title, sku, quantity, unit_price, subtotal, tax_total FROM order_lines
         WHERE tenant_id = $1 AND order_id IN (SELECT id FROM theirs) ORDER BY order_id, position"
    );
    let mut lines = by_order(sql::all(tx, &lines, values()).await?, |line: &Line| line.order_id);
    let paid = format!(
        "{THEIRS} SELECT order_id, id, gateway, status, currency, amount, captured, refunded, created_at FROM payments
         WHERE tenant_id = $1 AND order_id IN (SELECT id FROM theirs) ORDER BY order_id, id"
    );
    let mut paid = by_order(sql::all(tx, &paid, values()).await?, |payment: &Payment| payment.order_id);
    let parcels = format!(
        "{THEIRS} SELECT order_id, id, carrier, tracking_number, tracking_url, created_at FROM fulfillments
         WHERE tenant_id = $1 AND order_id IN (SELECT id FROM theirs) ORDER BY order_id, created_at, id"
    );
    let mut parcels = by_order(sql::all(tx, &parcels, values()).await?, |parcel: &Parcel| parcel.order_id);
    let mut whole = Vec::with_capacity(found.len());
    for order in found {
        let lines = lines.remove(&order.id).unwrap_or_default();
        let (paid, parcels) = (paid.remove(&order.id).unwrap_or_default(), parcels.remove(&order.id).unwrap_or_default());
        whole.push(written(&order, &lines, &paid, &parcels).map_err(|error| DbErr::Json(error.to_string()))?);
    }
    Ok(whole)
}

fn written(order: &Order, lines: &[Line], paid: &[Payment], parcels: &[Parcel]) -> serde_json::Result<Json> {
    let money = |minor: i64| Money::new(minor, order.currency);
    let line = |line: &Line| {
        json!({
            "title": line.product_title, "variant": line.variant_title, "sku": line.sku, "quantity": line.quantity,
            "unit_price": money(line.unit_price), "subtotal": money(line.subtotal), "tax_total": money(line.tax_total),
        })
    };
    let payment = |payment: &Payment| {
        let money = |minor: i64| Money::new(minor, payment.currency);
        json!({
            "id": payment.id, "gateway": payment.gateway, "status": payment.status.as_str(), "amount": money(payment.amount),
            "captured": money(payment.captured), "refunded": money(payment.refunded), "created_at": payment.created_at,
        })
    };
    let mut whole = serde_json::to_value(order)?;
    whole["status"] = json!(order.status.as_str());
    whole["subtotal"] = json!(money(order.subtotal));
    whole["shipping_total"] = json!(money(order.shipping_total));
    whole["tax_total"] = json!(money(order.tax_total));
    whole["total"] = json!(money(order.total));
    whole["lines"] = lines.iter().map(line).collect();
    whole["payments"] = paid.iter().map(payment).collect();
    whole["fulfillments"] = serde_json::to_value(parcels)?;
    Ok(whole)
}

fn limit(rows: usize) -> Value {
    i64::try_from(rows).unwrap_or(i64::MAX).into()
}

fn by_order<T>(rows: Vec<T>, order: impl Fn(&T) -> OrderId) -> HashMap<OrderId, Vec<T>> {
    let mut found: HashMap<OrderId, Vec<T>> = HashMap::new();
    for row in rows {
        found.entry(order(&row)).or_default().push(row);
    }
    found
}
