//! Money coming for an order after it was placed.

use tenancy::{Actor, TenantTx};

use super::{
    Error,
    orders::{complete_if_done, lock, note, paid_entry},
};
use crate::{
    clock::Clock,
    ids::PaymentId,
    payments::{self, Payment},
};

/// The vendor records that the money of a `manual` payment has come.
///
/// # Errors
/// `PaymentNotFound`, `NotCapturable`.
pub async fn capture_payment(tx: &TenantTx, clock: &Clock, id: PaymentId, actor: Actor) -> Result<Payment, Error> {
    // The order is locked before its payments, here as everywhere.
    let Some(order) = payments::find(tx, id).await?.order_id else { return Err(payments::Error::NotCapturable.into()) };
    let order = lock(tx, order).await?;
    let payment = payments::capture(tx, clock, id).await?;
    let (event, details) = paid_entry(&payment);
    note(tx, clock, order.id, event, actor, details).await?;
    complete_if_done(tx, clock, order, actor).await?;
    Ok(payment)
}
