//! Calling an order off: stock goes back, money that was taken is approved to be given back, money that has not come is
//! no longer waited for.

use sea_orm::{ActiveModelTrait, IntoActiveModel, Set};
use serde_json::json;
use tenancy::{Actor, TenantTx};

use super::{
    Error, Order, OrderCancelled,
    entity::{order::Status, order_history::Event},
    orders::{lines, lock, note},
    status::{FulfillmentStatus, fulfillment_status},
};
use crate::{clock::Clock, ids::OrderId, inventory::reservations, money::Money, outbox, payments, text::clean_line};

#[derive(Clone, Debug)]
pub struct Cancellation {
    pub reason: String,
    /// Whether the units go back into stock.
    pub restock: bool,
}

/// Cancels an order of which nothing has left.
///
/// # Errors
/// `AlreadyCancelled`, `AlreadyFulfilled`, or the reason is not valid.
pub async fn cancel(tx: &TenantTx, clock: &Clock, id: OrderId, cancellation: Cancellation, actor: Actor) -> Result<Order, Error> {
    let reason = clean_line("/reason", &cancellation.reason, 200).map_err(|fault| Error::Invalid(vec![fault]))?;
    let order = lock(tx, id).await?;
    match order.status {
        Status::Cancelled => return Err(Error::AlreadyCancelled),
        Status::Completed => return Err(Error::AlreadyFulfilled),
        Status::Placed => {}
    }
    if fulfillment_status(&lines(tx, id).await?) != FulfillmentStatus::Unfulfilled {
        return Err(Error::AlreadyFulfilled);
    }
    for payment in payments::of_order(tx, id).await? {
        let left = payment.captured - payment.refunded;
        if left > 0 {
            payments::refund_rest(tx, clock, payment.id).await?;
        } else if payment.captured == 0 && payment.status.is_live() {
            let payment = payments::lock(tx, payment.id).await?;
            payments::void(tx, clock, payment).await?;
        }
    }
    if cancellation.restock {
        reservations::restock(tx, clock, id, "order cancelled").await?;
    }
    let now = clock.now();
    let version = order.version + 1;
    let mut row = order.into_active_model();
    row.status = Set(Status::Cancelled);
    row.cancelled_at = Set(Some(now));
    row.cancel_reason = Set(Some(reason.clone()));
    row.updated_at = Set(now);
    row.version = Set(version);
    let order = row.update(tx).await?;
    note(tx, clock, id, Event::Cancelled, actor, json!({ "reason": reason, "restock": cancellation.restock })).await?;
    let total = Money::new(order.total, order.currency);
    outbox::record(tx, clock, &OrderCancelled { order: id, placed_at: order.placed_at, total }).await?;
    Ok(order)
}
