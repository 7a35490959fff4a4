//! The end of every payment, whoever brings the news: the shopper's own request, its retry, or the sweep.
//! One transaction, safe to repeat: what is settled stays settled, and a checkout becomes one order.

use tenancy::{Actor, Tenant, TenantDb, TenantTx};

use super::{
    Checkout, CheckoutLine, CheckoutTaxLine, Error, Status,
    checkouts::{demands, lines, lock, set_status, tax_lines},
};
use crate::{
    clock::Clock,
    ids::{OrderId, OrderLineId, PaymentId, TaxLineId},
    inventory::reservations::{self, Ending},
    orders::{self, NewOrder, Order, OrderLine, OrderTaxLine},
    payments::{self, Payment, gateways::Action, gateways::Answer},
};

/// What became of completing a checkout.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// `is_replay` when it had become an order before this request.
    Placed { order: Box<Order>, is_replay: bool },
    /// The shopper has something to do; then complete again with the same Idempotency-Key.
    ActionRequired { payment: PaymentId, action: Action },
}

/// Why the order could not be written in this transaction.
enum Unplaced {
    /// What was held is not there any more; the transaction must be dropped.
    StockGone,
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Unplaced {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Settles a payment by the gateway's answer and draws the consequence.
///
/// # Errors
/// `Declined`, `SoldOut`.
pub(super) async fn finalize(db: &TenantDb, clock: &Clock, store: &Tenant, payment: &Payment, answer: &Answer) -> Result<Outcome, Error> {
    let tx = db.begin().await?;
    match conclude(&tx, clock, payment, answer).await {
        Ok(concluded) => {
            tx.commit().await?;
            concluded
        }
        Err(Unplaced::Failed(error)) => Err(error),
        Err(Unplaced::StockGone) => {
            drop(tx);
            too_late(db, clock, store, payment, answer).await
        }
    }
}

async fn conclude(tx: &TenantTx, clock: &Clock, payment: &Payment, answer: &Answer) -> Result<Result<Outcome, Error>, Unplaced> {
    let checkout = lock(tx, payment.checkout_id).await?.checkout;
    let payment = payments::lock(tx, payment.id).await?;
    if checkout.status == Status::Completed {
        return Ok(already_ordered(tx, clock, &checkout, payment, answer).await?);
    }
    let order = matches!(answer, Answer::Captured { .. } | Answer::Promised).then(OrderId::new);
    let payment = payments::settle(tx, clock, payment, answer, order).await?;
    Ok(match answer {
        Answer::Captured { .. } | Answer::Promised if !payment.status.is_live() => Err(declined(&payment)),
        Answer::Captured { .. } | Answer::Promised => {
            let order = write_order(tx, clock, checkout, payment).await?;
            Ok(Outcome::Placed { order: Box::new(order), is_replay: false })
        }
        Answer::ActionRequired { action, .. } => {
            set_status(tx, clock, checkout, Status::Open).await?;
            Ok(Outcome::ActionRequired { payment: payment.id, action: action.clone() })
        }
        Answer::Declined { code, message } => {
            if checkout.status == Status::Completing {
                set_status(tx, clock, checkout, Status::Open).await?;
            }
            Err(Error::Declined { code: code.clone(), message: message.clone() })
        }
    })
}

/// The checkout has its order. Money that came for it a second time goes back.
async fn already_ordered(
    tx: &TenantTx,
    clock: &Clock,
    checkout: &Checkout,
    payment: Payment,
    answer: &Answer,
) -> Result<Result<Outcome, Error>, Error> {
    if payment.order_id.is_none() {
        let payment = payments::settle(tx, clock, payment, answer, None).await?;
        payments::refund_rest(tx, clock, payment.id).await?;
    }
    placed(tx, checkout, true).await.map(Ok)
}

/// The order that a completed checkout became.
pub(super) async fn placed(tx: &TenantTx, checkout: &Checkout, is_replay: bool) -> Result<Outcome, Error> {
    let order = orders::find_by_checkout(tx, checkout.id).await?;
    Ok(Outcome::Placed { order: Box::new(order), is_replay })
}

pub(super) fn declined(payment: &Payment) -> Error {
    let code = payment.failure_code.clone().unwrap_or_else(|| "voided".into());
    Error::Declined { code, message: "the payment was declined".into() }
}

async fn write_order(tx: &TenantTx, clock: &Clock, checkout: Checkout, payment: Payment) -> Result<Order, Unplaced> {
    let lines = lines(tx, checkout.id).await?;
    let counted = demands(&lines).len();
    let new = frozen(&checkout, lines, tax_lines(tx, checkout.id).await?, payment, clock)?;
    let buyer = checkout.customer_id.map_or(Actor::Guest, Actor::Customer);
    let order = orders::place(tx, clock, new, buyer).await?;
    let id = checkout.id;
    set_status(tx, clock, checkout, Status::Completed).await?;
    // What buyers share comes last: the levels, and then the store's one counter, so that each waits for the others least.
    if reservations::consume(tx, clock, id, order.id).await? < counted {
        return Err(Unplaced::StockGone);
    }
    Ok(orders::number(tx, order).await?)
}

/// The payment is settled but the stock is no longer held: take it again if it is there, else give the money back.
async fn too_late(db: &TenantDb, clock: &Clock, store: &Tenant, payment: &Payment, answer: &Answer) -> Result<Outcome, Error> {
    let tx = db.begin().await?;
    let checkout = lock(&tx, payment.checkout_id).await?.checkout;
    reservations::release(&tx, clock, checkout.id, Ending::Expired).await?;
    let wanted = demands(&lines(&tx, checkout.id).await?);
    if reservations::reserve(&tx, checkout.id, &wanted, store.reservation_minutes).await?.is_empty() {
        return match conclude(&tx, clock, payment, answer).await {
            Ok(concluded) => {
                tx.commit().await?;
                concluded
            }
            Err(Unplaced::Failed(error)) => Err(error),
            Err(Unplaced::StockGone) => Err(Error::InProgress),
        };
    }
    // What was taken in vain goes with this transaction.
    drop(tx);
    let tx = db.begin().await?;
    let checkout = lock(&tx, payment.checkout_id).await?.checkout;
    if checkout.status == Status::Completed {
        return placed(&tx, &checkout, true).await;
    }
    let payment = payments::lock(&tx, payment.id).await?;
    let payment = payments::settle(&tx, clock, payment, answer, None).await?;
    if payment.captured > 0 {
        payments::refund_rest(&tx, clock, payment.id).await?;
    } else if payment.status.is_live() {
        payments::void(&tx, clock, payment).await?;
    }
    reservations::release(&tx, clock, checkout.id, Ending::Expired).await?;
    set_status(&tx, clock, checkout, Status::Cancelled).await?;
    tx.commit().await?;
    Err(Error::SoldOut)
}

/// Copies a checkout into an order; from here on it never changes.
fn frozen(
    checkout: &Checkout,
    lines: Vec<CheckoutLine>,
    taxes: Vec<CheckoutTaxLine>,
    payment: Payment,
    clock: &Clock,
) -> Result<NewOrder, Error> {
    let email = checkout.email.clone().ok_or(Error::Incomplete { pointers: vec!["/email"] })?;
    let now = clock.now();
    let order = Order {
        tenant_id: checkout.tenant_id,
        id: payment.order_id.unwrap_or_else(OrderId::new),
        number: 0,
        checkout_id: checkout.id,
        cart_id: checkout.cart_id,
        customer_id: checkout.customer_id,
        status: orders::Status::Placed,
        email,
        shipping_address: checkout.shipping_address.clone(),
        billing_address: checkout.billing_address.clone().or_else(|| checkout.shipping_address.clone()),
        shipping_method_name: checkout.shipping_method_name.clone(),
        currency: checkout.currency,
        prices_include_tax: checkout.prices_include_tax,
        subtotal: checkout.subtotal,
        shipping_total: checkout.shipping_total,
        tax_total: checkout.tax_total,
        total: checkout.total,
        placed_at: now,
        completed_at: None,
        cancelled_at: None,
        cancel_reason: None,
        version: 1,
        updated_at: now,
    };
    let ids: Vec<_> = lines.iter().map(|line| (line.id, OrderLineId::new())).collect();
    let of = |line| ids.iter().find(|(before, _)| *before == line).map(|(_, after)| *after);
    let tax_lines = taxes.into_iter().map(|tax| OrderTaxLine {
        tenant_id: tax.tenant_id,
        id: TaxLineId::new(),
        order_id: order.id,
        line_id: tax.line_id.and_then(of),
        name: tax.name,
        country: tax.country,
        tax_class: tax.tax_class,
        percent: tax.percent,
        taxable: tax.taxable,
        amount: tax.amount,
        reason: tax.reason,
    });
    let tax_lines = tax_lines.collect();
    let lines = lines.into_iter().zip(&ids).map(|(line, (_, id))| OrderLine {
        tenant_id: line.tenant_id,
        id: *id,
        order_id: order.id,
        variant_id: line.variant_id,
        product_id: line.product_id,
        position: line.position,
        product_title: line.product_title,
        variant_title: line.variant_title,
        sku: line.sku,
        image_url: line.image_url,
        quantity: line.quantity,
        fulfilled_quantity: 0,
        unit_price: line.unit_price,
        subtotal: line.subtotal,
        tax_total: line.tax_total,
        requires_shipping: line.requires_shipping,
    });
    let lines = lines.collect();
    Ok(NewOrder { order, lines, tax_lines, payment })
}
