//! Money coming for an order: at once with the order, or later, when the vendor records it.

use serde_json::json;
use tenancy::{Actor, TenantTx};

use super::{
    Error,
    entity::order_history::Event,
    orders::{complete_if_done, lock, note},
};
use crate::{
    clock::Clock,
    ids::{OrderId, PaymentId},
    payments::{self, Payment},
};

/// Writes into the order's history that a payment has brought its money.
///
/// # Errors
/// Postgres is away.
pub async fn note_paid(tx: &TenantTx, clock: &Clock, order: OrderId, payment: &Payment, actor: Actor) -> Result<(), Error> {
    note(tx, clock, order, Event::Paid, actor, json!({ "payment": payment.id, "amount": payment.money() })).await
}

/// The vendor records that the money of a `manual` payment has come.
///
/// # Errors
/// `PaymentNotFound`, `NotCapturable`.
pub async fn capture_payment(tx: &TenantTx, clock: &Clock, id: PaymentId, actor: Actor) -> Result<Payment, Error> {
    // The order is locked before its payments, here as everywhere.
    let Some(order) = payments::find(tx, id).await?.order_id else { return Err(payments::Error::NotCapturable.into()) };
    let order = lock(tx, order).await?;
    let payment = payments::capture(tx, clock, id).await?;
    note_paid(tx, clock, order.id, &payment, actor).await?;
    complete_if_done(tx, clock, order, actor).await?;
    Ok(payment)
}
