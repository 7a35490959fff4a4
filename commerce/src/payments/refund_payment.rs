//! Giving money back. The approval is saved already ([`super::request_refund`]); this flow asks the gateway, between two
//! transactions, and writes down what it said. Asked twice it gives back once: the operation key names the refund.

use tenancy::TenantDb;

use super::{
    Error, RefundRequested,
    gateways::{GatewayError, Gateways, Refund},
    ledger,
};
use crate::clock::Clock;

/// # Errors
/// `Unreachable` when the gateway did not answer: run again. `Refused` when it said no; the approval is taken back.
pub async fn refund_payment(db: &TenantDb, gateways: &Gateways, clock: &Clock, request: &RefundRequested) -> Result<(), Error> {
    let payment = {
        let tx = db.begin().await?;
        ledger::find(&tx, request.payment).await?
    };
    let refund = Refund { operation_key: request.operation_key.clone(), charge_key: payment.charge_key(), amount: request.amount };
    let answer = gateways.get(payment.gateway).refund(db, &refund).await;

    let tx = db.begin().await?;
    let told = match answer {
        Ok(reference) => ledger::refunded(&tx, clock, request, reference).await.map(|()| Ok(())),
        Err(GatewayError::Refused(reason)) => {
            ledger::refund_failed(&tx, clock, request, &reason).await.map(|()| Err(Error::Refused(reason)))
        }
        Err(GatewayError::Unreachable(_)) => return Err(Error::Unreachable),
    }?;
    tx.commit().await?;
    told
}
