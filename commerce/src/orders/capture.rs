//! The vendor records that the money of a `manual` payment has come.

use serde_json::json;
use tenancy::{Actor, TenantTx};

use super::{
    Error,
    entity::order_history::Event,
    orders::{complete_if_done, lock, note},
};
use crate::{
    clock::Clock,
    ids::PaymentId,
    payments::{self, Payment},
};

/// # Errors
/// `PaymentNotFound`, `NotCapturable`.
pub async fn capture_payment(tx: &TenantTx, clock: &Clock, id: PaymentId, actor: Actor) -> Result<Payment, Error> {
    // The order is locked before its payments, here as everywhere.
    let Some(order) = payments::find(tx, id).await?.order_id else { return Err(payments::Error::NotCapturable.into()) };
    let order = lock(tx, order).await?;
    let payment = payments::capture(tx, clock, id).await?;
    note(tx, clock, order.id, Event::Paid, actor, json!({ "payment": id, "amount": payment.money() })).await?;
    complete_if_done(tx, clock, order, actor).await?;
    Ok(payment)
}
