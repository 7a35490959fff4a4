//! From checkout to order, in three phases.
//!
//! PREPARE, one transaction: lock, price anew, compare with what the shopper saw, hold the stock for longer, write the
//! payment down as pending. PAY, no transaction: ask the gateway, by a key derived from the payment. FINALIZE, one
//! transaction: settle the payment; order, stock, history and facts, or why not.
//!
//! Each phase may be cut off and run again. The same Idempotency-Key resumes the same payment, so a retry charges once;
//! what nobody retries, [`super::sweep`] resolves by asking the gateway.

use tenancy::{Tenant, TenantDb, TenantTx};

use super::{
    Checkout, CheckoutLine, Error, Status,
    change::save,
    checkouts::{apply, demands, lines, lock, replace_lines, reprice, requirements, rows},
    finalize::{self, Outcome},
};
use crate::{
    clock::Clock,
    idempotency,
    ids::{CheckoutId, CustomerId},
    inventory::reservations::{self, Ending},
    money::Money,
    payments::{
        self, GatewayKind, Gateways, NewPayment, Payment,
        gateways::{Answer, Charge, GatewayError},
    },
};

#[derive(Clone, Debug)]
pub struct PlaceOrder {
    pub checkout: CheckoutId,
    /// Who is signed in: a guest's checkout becomes theirs.
    pub customer: Option<CustomerId>,
    /// What the shopper was shown; another total is refused.
    pub expected_total: Money,
    pub gateway: GatewayKind,
    /// What the gateway's own form gave the storefront.
    pub token: Option<String>,
    pub idempotency_key: String,
    /// SHA-256 of the request.
    pub fingerprint: [u8; 32],
}

enum Prepared {
    /// It became an order before.
    Done(Outcome),
    /// Ask the gateway for this payment.
    Pay(Payment),
    /// Another payment is in the way: see what became of it, and make sure that no more comes of it.
    Supersede(Payment),
}

/// Completes a checkout.
///
/// # Errors
/// `TotalChanged`, `Incomplete`, `OutOfStock`, `Expired`, `Declined`, `InProgress`; `Unreachable` when the gateway did not
/// answer: nobody knows, and the same Idempotency-Key finds out.
pub async fn place_order(
    db: &TenantDb,
    gateways: &Gateways,
    clock: &Clock,
    store: &Tenant,
    request: &PlaceOrder,
) -> Result<Outcome, Error> {
    loop {
        match prepare(db, clock, store, request).await? {
            Prepared::Done(outcome) => return Ok(outcome),
            Prepared::Pay(payment) => {
                let answer = pay(db, gateways, &payment).await?;
                return finalize::finalize(db, clock, store, &payment, &answer).await;
            }
            Prepared::Supersede(earlier) => {
                let answer = call_off(db, gateways, &earlier).await?;
                match finalize::finalize(db, clock, store, &earlier, &answer).await {
                    // The earlier payment went through after all: that is the order.
                    Ok(outcome @ Outcome::Placed { .. }) => return Ok(outcome),
                    // It is out of the way. Prepare again; nothing is in the way now.
                    Ok(Outcome::ActionRequired { .. }) | Err(Error::Declined { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
}

async fn prepare(db: &TenantDb, clock: &Clock, store: &Tenant, request: &PlaceOrder) -> Result<Prepared, Error> {
    let tx = db.begin().await?;
    let locked = lock(&tx, request.checkout).await?;
    let mut checkout = locked.checkout;
    checkout.check_seen_by(request.customer)?;
    checkout.customer_id = checkout.customer_id.or(request.customer);
    let earlier = payments::lock_of_checkout(&tx, checkout.id).await?;
    if checkout.status == Status::Completed {
        return finalize::placed(&tx, &checkout, true).await.map(Prepared::Done);
    }
    if let Some(same) = earlier.iter().find(|payment| payment.idempotency_key.as_deref() == Some(&*request.idempotency_key)) {
        return resume(same, request);
    }
    if let Some(live) = earlier.into_iter().find(|payment| payment.status.is_live()) {
        let is_running = checkout.status == Status::Completing && !locked.is_stale;
        return if is_running { Err(Error::InProgress) } else { Ok(Prepared::Supersede(live)) };
    }
    match checkout.status {
        Status::Expired => return Err(Error::Expired),
        Status::Cancelled => return Err(Error::Cancelled),
        Status::Open if locked.is_expired => return Err(Error::Expired),
        Status::Open | Status::Completing | Status::Completed => {}
    }
    let (total, lines) = price_anew(&tx, clock, &mut checkout).await?;
    if total != request.expected_total {
        // The new total is kept, so that the shopper finds it when they look.
        save(&tx, &checkout).await?;
        tx.commit().await?;
        return Err(Error::TotalChanged { expected: request.expected_total, actual: total });
    }
    hold(&tx, clock, &checkout, &lines, store).await?;
    let payment = payments::start(
        &tx,
        clock,
        NewPayment {
            checkout: checkout.id,
            gateway: request.gateway,
            amount: total,
            token: request.token.clone(),
            idempotency_key: request.idempotency_key.clone(),
            fingerprint: request.fingerprint,
        },
    );
    let payment = payment.await?;
    begin_completing(&tx, &mut checkout, store).await?;
    tx.commit().await?;
    Ok(Prepared::Pay(payment))
}

/// The same key again: the same payment, wherever it got to.
fn resume(payment: &Payment, request: &PlaceOrder) -> Result<Prepared, Error> {
    if payment.fingerprint.as_deref() != Some(request.fingerprint.as_slice()) {
        return Err(idempotency::Error::Reused.into());
    }
    match payment.status {
        payments::Status::Failed | payments::Status::Voided => Err(finalize::declined(payment)),
        // Paid, and no order: it came too late, and went back.
        payments::Status::Refunded => Err(Error::SoldOut),
        payments::Status::Captured if payment.order_id.is_none() => Err(Error::SoldOut),
        _ => Ok(Prepared::Pay(payment.clone())),
    }
}

/// Prices the checkout as everything stands now and refuses one that lacks something.
async fn price_anew(tx: &TenantTx, clock: &Clock, checkout: &mut Checkout) -> Result<(Money, Vec<CheckoutLine>), Error> {
    let before = lines(tx, checkout.id).await?;
    let missing = requirements(checkout, &before);
    if !missing.is_empty() {
        return Err(Error::Incomplete { pointers: missing.into_iter().map(super::Requirement::pointer).collect() });
    }
    let (pricing, _) = reprice(tx, clock, checkout, &before).await?;
    let old = checkout.clone();
    apply(checkout, &pricing);
    let (after, tax_lines) = rows(checkout, &pricing, &before);
    if after != before || *checkout != old {
        replace_lines(tx, checkout.id, (&before, &after), &tax_lines).await?;
        checkout.version += 1;
        checkout.updated_at = clock.now();
        save(tx, checkout).await?;
    }
    Ok((checkout.money(checkout.total), after))
}

/// Makes sure that the stock of every line is held while the payment is on its way.
async fn hold(tx: &TenantTx, clock: &Clock, checkout: &Checkout, lines: &[CheckoutLine], store: &Tenant) -> Result<(), Error> {
    let wanted = demands(lines);
    let held = reservations::extend(tx, checkout.id, store.reservation_minutes).await?;
    if usize::try_from(held.reservations).unwrap_or(usize::MAX) >= wanted.len() {
        return Ok(());
    }
    // Some expired and were taken away. Perhaps there is still enough.
    reservations::release(tx, clock, checkout.id, Ending::Expired).await?;
    let short = reservations::reserve(tx, checkout.id, &wanted, store.reservation_minutes).await?;
    if short.is_empty() {
        return Ok(());
    }
    let pointers = lines.iter().filter(|line| short.contains(&line.variant_id)).map(|line| format!("/lines/{}", line.position)).collect();
    Err(Error::OutOfStock { variants: short, pointers })
}

async fn begin_completing(tx: &TenantTx, checkout: &mut Checkout, store: &Tenant) -> Result<(), Error> {
    use sea_orm::{ConnectionTrait, Statement};
    let sql = "UPDATE checkouts SET status = 'completing', completing_at = now(), updated_at = now(), version = version + 1,
                      customer_id = $4, expires_at = greatest(expires_at, now() + make_interval(mins => $3))
               WHERE tenant_id = $1 AND id = $2";
    let values = [tx.tenant().into(), checkout.id.into(), store.reservation_minutes.into(), checkout.customer_id.into()];
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    checkout.status = Status::Completing;
    Ok(())
}

/// Asks for the money, or what became of the same request before.
async fn pay(db: &TenantDb, gateways: &Gateways, payment: &Payment) -> Result<Answer, Error> {
    if payment.amount == 0 {
        return Ok(Answer::Captured { reference: None });
    }
    match gateways.get(payment.gateway).charge(db, &charge(payment)).await {
        Ok(answer) => Ok(answer),
        Err(GatewayError::Refused(reason)) => Ok(Answer::Declined { code: "refused".into(), message: reason }),
        Err(error @ GatewayError::Unreachable(_)) => {
            tracing::warn!(payment.id = %payment.id, error = &error as &dyn std::error::Error, "No answer from the gateway");
            Err(payments::Error::Unreachable.into())
        }
    }
}

/// Finds out what became of a payment, and makes sure that nothing more comes of it unless it went through.
pub(super) async fn call_off(db: &TenantDb, gateways: &Gateways, payment: &Payment) -> Result<Answer, Error> {
    if payment.amount == 0 {
        return Ok(Answer::Captured { reference: None });
    }
    gateways.get(payment.gateway).void(db, &charge(payment)).await.map_err(|_| payments::Error::Unreachable.into())
}

pub(super) fn charge(payment: &Payment) -> Charge {
    Charge { operation_key: payment.charge_key(), amount: payment.money(), token: payment.token.clone() }
}
