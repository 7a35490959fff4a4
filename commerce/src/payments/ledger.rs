//! The only writer of a payment: each change is one event appended and the fold of all events kept beside it.

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Set};
use tenancy::TenantTx;

use super::{
    Error, Payment, PaymentCaptured, PaymentRefunded, RefundRequested,
    entity::{
        payment::{self, Status},
        payment_event::{self, Kind, Outcome},
    },
    gateways::{Answer, GatewayKind},
};
use crate::{
    clock::Clock,
    ids::{CheckoutId, OrderId, PaymentEventId, PaymentId},
    money::Money,
    outbox,
};

/// A payment that is about to be asked for.
#[derive(Clone, Debug)]
pub struct NewPayment {
    pub checkout: CheckoutId,
    pub gateway: GatewayKind,
    pub amount: Money,
    pub token: Option<String>,
    /// The caller's Idempotency-Key and the SHA-256 of what they asked: the same again resumes this payment.
    pub idempotency_key: String,
    pub fingerprint: [u8; 32],
}

/// Writes a payment down as pending, before any gateway hears of it.
///
/// # Errors
/// Postgres is away.
pub async fn start(tx: &TenantTx, clock: &Clock, new: NewPayment) -> Result<Payment, Error> {
    let now = clock.now();
    let row = payment::ActiveModel {
        tenant_id: Set(tx.tenant()),
        id: Set(PaymentId::new()),
        checkout_id: Set(new.checkout),
        order_id: Set(None),
        gateway: Set(new.gateway),
        status: Set(Status::Pending),
        currency: Set(new.amount.currency),
        amount: Set(new.amount.minor),
        captured: Set(0),
        refunded: Set(0),
        gateway_reference: Set(None),
        idempotency_key: Set(Some(new.idempotency_key)),
        fingerprint: Set(Some(new.fingerprint.to_vec())),
        token: Set(new.token),
        action: Set(None),
        failure_code: Set(None),
        created_at: Set(now),
        updated_at: Set(now),
    };
    let payment = row.insert(tx).await?;
    append(tx, clock, &payment, Kind::Capture, Outcome::Requested, &payment.charge_key(), payment.amount, None, None).await?;
    Ok(payment)
}

/// Writes down what the gateway answered to a charge, and the order that it pays for, if it became one. Idempotent: an answer
/// that is known changes nothing.
///
/// The caller holds the lock on the payment ([`lock`]).
///
/// # Errors
/// Postgres is away.
pub async fn settle(tx: &TenantTx, clock: &Clock, payment: Payment, answer: &Answer, order: Option<OrderId>) -> Result<Payment, Error> {
    let mut row = payment.clone().into_active_model();
    if payment.order_id.is_none() && payment.status.is_live() && order.is_some() {
        row.order_id = Set(order);
    }
    let is_open = matches!(payment.status, Status::Pending | Status::RequiresAction);
    let news = match answer {
        Answer::Captured { reference } if is_open => {
            row.status = Set(Status::Captured);
            row.captured = Set(payment.amount);
            Some((Outcome::Succeeded, reference.clone(), None))
        }
        Answer::ActionRequired { reference, action } if payment.status == Status::Pending => {
            row.status = Set(Status::RequiresAction);
            row.action = Set(Some(action.clone()));
            Some((Outcome::ActionRequired, Some(reference.clone()), None))
        }
        Answer::Declined { code, message } if is_open => {
            row.status = Set(Status::Failed);
            row.failure_code = Set(Some(code.clone()));
            Some((Outcome::Failed, None, Some(message.clone())))
        }
        Answer::Captured { .. } | Answer::ActionRequired { .. } | Answer::Declined { .. } | Answer::Promised => None,
    };
    if let Some((outcome, reference, message)) = news {
        if outcome != Outcome::ActionRequired {
            row.action = Set(None);
        }
        if outcome != Outcome::Failed {
            row.gateway_reference = Set(reference.clone());
        }
        append(tx, clock, &payment, Kind::Capture, outcome, &payment.charge_key(), payment.amount, reference, message).await?;
    }
    if !row.is_changed() {
        return Ok(payment);
    }
    row.updated_at = Set(clock.now());
    Ok(row.update(tx).await?)
}

/// The vendor says that the money of a `manual` payment has come.
///
/// # Errors
/// `NotCapturable` when it is no manual payment of an order, or is not pending.
pub async fn capture(tx: &TenantTx, clock: &Clock, id: PaymentId) -> Result<Payment, Error> {
    let payment = lock(tx, id).await?;
    let Some(order) = payment.order_id.filter(|_| payment.gateway == GatewayKind::Manual && payment.status == Status::Pending) else {
        return Err(Error::NotCapturable);
    };
    let payment = settle(tx, clock, payment, &Answer::Captured { reference: None }, None).await?;
    let amount = payment.money();
    outbox::record(tx, clock, &PaymentCaptured { payment: payment.id, order, amount }).await?;
    Ok(payment)
}

/// Approves that `amount` is given back; moving the money follows from the fact.
///
/// # Errors
/// `OverRefund` when what was taken, less what was given back and what is approved already, is less than `amount`.
pub async fn request_refund(tx: &TenantTx, clock: &Clock, id: PaymentId, amount: Money) -> Result<(), Error> {
    let payment = lock(tx, id).await?;
    if amount.currency != payment.currency || amount.minor <= 0 {
        return Err(Error::RefundAmount);
    }
    let (left, number) = refundable(tx, &payment).await?;
    if amount.minor > left.minor {
        return Err(Error::OverRefund { left });
    }
    approve(tx, clock, &payment, amount, number).await
}

/// Approves that everything is given back that is not approved yet; nothing, when nothing is left.
///
/// # Errors
/// `PaymentNotFound`.
pub async fn refund_rest(tx: &TenantTx, clock: &Clock, id: PaymentId) -> Result<(), Error> {
    let payment = lock(tx, id).await?;
    let (left, number) = refundable(tx, &payment).await?;
    if left.minor > 0 { approve(tx, clock, &payment, left, number).await } else { Ok(()) }
}

/// What may still be approved, and the number of the next refund. The caller holds the lock on the payment.
async fn refundable(tx: &TenantTx, payment: &Payment) -> Result<(Money, usize), Error> {
    let mut left = payment.captured;
    let mut number = 1;
    for event in events(tx, payment.id).await?.into_iter().filter(|event| event.kind == Kind::Refund) {
        match event.outcome {
            Outcome::Requested => {
                left -= event.amount;
                number += 1;
            }
            Outcome::Failed => left += event.amount,
            Outcome::Succeeded | Outcome::ActionRequired => {}
        }
    }
    Ok((Money::new(left, payment.currency), number))
}

async fn approve(tx: &TenantTx, clock: &Clock, payment: &Payment, amount: Money, number: usize) -> Result<(), Error> {
    let id = payment.id;
    let operation_key = format!("{id}:refund:{number}");
    append(tx, clock, payment, Kind::Refund, Outcome::Requested, &operation_key, amount.minor, None, None).await?;
    outbox::record(tx, clock, &RefundRequested { payment: id, order: payment.order_id, amount, operation_key }).await?;
    Ok(())
}

/// Writes down that a refund reached the shopper. Idempotent by operation key.
///
/// # Errors
/// Postgres is away.
pub(super) async fn refunded(tx: &TenantTx, clock: &Clock, request: &RefundRequested, reference: Option<String>) -> Result<(), Error> {
    let payment = lock(tx, request.payment).await?;
    let ended = events(tx, payment.id)
        .await?
        .into_iter()
        .any(|event| event.operation_key == request.operation_key && matches!(event.outcome, Outcome::Succeeded | Outcome::Failed));
    if ended {
        return Ok(());
    }
    let minor = request.amount.minor;
    append(tx, clock, &payment, Kind::Refund, Outcome::Succeeded, &request.operation_key, minor, reference, None).await?;
    let (id, order, refunded, captured) = (payment.id, payment.order_id, payment.refunded + minor, payment.captured);
    let mut row = payment.into_active_model();
    row.refunded = Set(refunded);
    row.updated_at = Set(clock.now());
    if refunded == captured {
        row.status = Set(Status::Refunded);
    }
    row.update(tx).await?;
    outbox::record(tx, clock, &PaymentRefunded { payment: id, order, amount: request.amount }).await?;
    Ok(())
}

/// Writes down that the gateway refused a refund: what was approved may be approved again.
///
/// # Errors
/// Postgres is away.
pub(super) async fn refund_failed(tx: &TenantTx, clock: &Clock, request: &RefundRequested, message: &str) -> Result<(), Error> {
    let payment = lock(tx, request.payment).await?;
    let message = Some(message.chars().take(500).collect());
    append(tx, clock, &payment, Kind::Refund, Outcome::Failed, &request.operation_key, request.amount.minor, None, message).await
}

/// Calls off a payment that has brought no money.
///
/// # Errors
/// Postgres is away.
pub async fn void(tx: &TenantTx, clock: &Clock, payment: Payment) -> Result<Payment, Error> {
    let key = format!("{}:void", payment.id);
    append(tx, clock, &payment, Kind::Void, Outcome::Succeeded, &key, payment.amount, None, None).await?;
    let mut row = payment.into_active_model();
    row.status = Set(Status::Voided);
    row.action = Set(None);
    row.updated_at = Set(clock.now());
    Ok(row.update(tx).await?)
}

/// The payment, locked until the transaction ends.
///
/// # Errors
/// `PaymentNotFound`.
pub async fn lock(tx: &TenantTx, id: PaymentId) -> Result<Payment, Error> {
    payment::Entity::find_by_id((tx.tenant(), id)).lock_exclusive().one(tx).await?.ok_or(Error::PaymentNotFound(id))
}

/// # Errors
/// `PaymentNotFound`.
pub async fn find(tx: &TenantTx, id: PaymentId) -> Result<Payment, Error> {
    payment::Entity::find_by_id((tx.tenant(), id)).one(tx).await?.ok_or(Error::PaymentNotFound(id))
}

/// All payments of a checkout, newest first, locked until the transaction ends. The checkout is locked before them.
///
/// # Errors
/// Postgres is away.
pub async fn lock_of_checkout(tx: &TenantTx, checkout: CheckoutId) -> Result<Vec<Payment>, Error> {
    let found = payment::Entity::find()
        .filter(payment::Column::TenantId.eq(tx.tenant()))
        .filter(payment::Column::CheckoutId.eq(checkout))
        .order_by_desc(payment::Column::Id)
        .lock_exclusive()
        .all(tx);
    Ok(found.await?)
}

/// All payments of an order, oldest first.
///
/// # Errors
/// Postgres is away.
pub async fn of_order(tx: &TenantTx, order: OrderId) -> Result<Vec<Payment>, Error> {
    let found = payment::Entity::find()
        .filter(payment::Column::TenantId.eq(tx.tenant()))
        .filter(payment::Column::OrderId.eq(order))
        .order_by_asc(payment::Column::Id)
        .all(tx);
    Ok(found.await?)
}

/// All payments of these orders, oldest first.
///
/// # Errors
/// Postgres is away.
pub async fn of_orders(tx: &TenantTx, orders: &[OrderId]) -> Result<Vec<Payment>, Error> {
    let found = payment::Entity::find()
        .filter(payment::Column::TenantId.eq(tx.tenant()))
        .filter(payment::Column::OrderId.is_in(orders.iter().copied()))
        .order_by_asc(payment::Column::Id)
        .all(tx);
    Ok(found.await?)
}

/// The ledger of a payment, oldest first.
///
/// # Errors
/// Postgres is away.
pub async fn events(tx: &TenantTx, payment: PaymentId) -> Result<Vec<payment_event::Model>, Error> {
    let found = payment_event::Entity::find()
        .filter(payment_event::Column::TenantId.eq(tx.tenant()))
        .filter(payment_event::Column::PaymentId.eq(payment))
        .order_by_asc(payment_event::Column::Id)
        .all(tx);
    Ok(found.await?)
}

#[expect(clippy::too_many_arguments, reason = "one column each, all of one row")]
async fn append(
    tx: &TenantTx,
    clock: &Clock,
    payment: &Payment,
    kind: Kind,
    outcome: Outcome,
    operation_key: &str,
    amount: i64,
    gateway_reference: Option<String>,
    message: Option<String>,
) -> Result<(), Error> {
    let row = payment_event::ActiveModel {
        tenant_id: Set(tx.tenant()),
        id: Set(PaymentEventId::new()),
        payment_id: Set(payment.id),
        kind: Set(kind),
        outcome: Set(outcome),
        amount: Set(amount),
        currency: Set(payment.currency),
        operation_key: Set(operation_key.to_owned()),
        gateway_reference: Set(gateway_reference),
        message: Set(message),
        created_at: Set(clock.now()),
    };
    payment_event::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}
