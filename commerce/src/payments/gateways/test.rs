//! The `test` gateway: a provider in miniature, with books of its own (`test_gateway_charges`) that it writes in
//! transactions of its own, so that whatever happens to an order, it remembers what it did.
//!
//! Tokens say what shall happen:
//! - `test_success`: the money is taken.
//! - `test_declined`: the charge is declined (`card_declined`).
//! - `test_requires_action`: the shopper must answer a challenge first, as with 3-D Secure.
//! - `test_lost_reply`: the money is taken, but the first answer is lost on the way, as networks do.

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};
use tenancy::{TenantDb, TenantTx};

use super::{Action, Answer, Charge, GatewayError, PaymentGateway, Refund};
use crate::{ids::TestChargeId, money::Money, payments::Error};

pub struct TestGateway;

const DECLINED: &str = "card_declined";

#[async_trait]
impl PaymentGateway for TestGateway {
    async fn charge(&self, db: &TenantDb, charge: &Charge) -> Result<Answer, GatewayError> {
        let status = match charge.token.as_deref() {
            Some("test_success" | "test_lost_reply") => "succeeded",
            Some("test_requires_action") => "requires_action",
            Some("test_declined") => "declined",
            _ => return Ok(Answer::Declined { code: "token_invalid".into(), message: "this token names no test".into() }),
        };
        let (row, is_new) = book(db, charge, status).await.map_err(lost)?;
        if is_new && charge.token.as_deref() == Some("test_lost_reply") {
            return Err(GatewayError::Unreachable("the answer was lost".into()));
        }
        answer(&row).map_err(lost)
    }

    async fn find(&self, db: &TenantDb, charge_key: &str) -> Result<Option<Answer>, GatewayError> {
        let tx = db.begin().await.map_err(lost)?;
        find(&tx, charge_key).await.and_then(|row| row.map(|row| answer(&row)).transpose()).map_err(lost)
    }

    async fn void(&self, db: &TenantDb, charge: &Charge) -> Result<Answer, GatewayError> {
        let tx = db.begin().await.map_err(lost)?;
        // A charge that has not arrived yet finds its place taken.
        insert(&tx, charge, "declined").await.map_err(lost)?;
        let sql = "UPDATE test_gateway_charges SET status = 'declined'
                   WHERE tenant_id = $1 AND operation_key = $2 AND status = 'requires_action'";
        execute(&tx, sql, [tx.tenant().into(), charge.operation_key.as_str().into()]).await.map_err(lost)?;
        let row = find(&tx, &charge.operation_key).await.map_err(lost)?;
        tx.commit().await.map_err(lost)?;
        row.map_or_else(|| Err(lost(missing())), |row| answer(&row).map_err(lost))
    }

    async fn refund(&self, db: &TenantDb, refund: &Refund) -> Result<Option<String>, GatewayError> {
        let tx = db.begin().await.map_err(lost)?;
        let values = [
            tx.tenant().into(),
            TestChargeId::new().into(),
            refund.operation_key.as_str().into(),
            refund.charge_key.as_str().into(),
            refund.amount.minor.into(),
            refund.amount.currency.to_string().into(),
        ];
        execute(&tx, REFUND, values).await.map_err(lost)?;
        let row = find(&tx, &refund.operation_key).await.map_err(lost)?;
        tx.commit().await.map_err(lost)?;
        let row = row.ok_or_else(|| GatewayError::Refused("more than was charged, or another currency".into()))?;
        Ok(Some(reference(&row).map_err(lost)?))
    }
}

/// What the shopper answers to a challenge.
///
/// # Errors
/// `NoChallenge` when there is no such challenge, or it was answered before.
pub async fn answer_challenge(tx: &TenantTx, id: TestChargeId, approve: bool) -> Result<(), Error> {
    let status = if approve { "succeeded" } else { "declined" };
    let sql = "UPDATE test_gateway_charges SET status = $3 WHERE tenant_id = $1 AND id = $2 AND status = 'requires_action'";
    match execute(tx, sql, [tx.tenant().into(), id.into(), status.into()]).await? {
        0 => Err(Error::NoChallenge),
        _ => Ok(()),
    }
}

/// Never gives back more than the charge took: the charge is locked while its refunds are counted.
const REFUND: &str = "
WITH charge AS (
  SELECT id, amount, currency FROM test_gateway_charges
  WHERE tenant_id = $1 AND operation_key = $4 AND kind = 'charge' AND status = 'succeeded' FOR UPDATE
)
INSERT INTO test_gateway_charges (tenant_id, id, operation_key, kind, charge_id, currency, amount, status, created_at)
SELECT $1, $2, $3, 'refund', charge.id, charge.currency, $5, 'succeeded', now() FROM charge
WHERE charge.currency = $6 AND charge.amount >= $5 + coalesce(
  (SELECT sum(r.amount) FROM test_gateway_charges r WHERE r.tenant_id = $1 AND r.charge_id = charge.id), 0)
ON CONFLICT (tenant_id, operation_key) DO NOTHING";

async fn book(db: &TenantDb, charge: &Charge, status: &str) -> Result<(QueryResult, bool), DbErr> {
    let tx = db.begin().await?;
    let is_new = insert(&tx, charge, status).await? == 1;
    let row = find(&tx, &charge.operation_key).await?.ok_or_else(missing)?;
    tx.commit().await?;
    Ok((row, is_new))
}

async fn insert(tx: &TenantTx, charge: &Charge, status: &str) -> Result<u64, DbErr> {
    let sql = "INSERT INTO test_gateway_charges (tenant_id, id, operation_key, kind, currency, amount, status, created_at)
               VALUES ($1, $2, $3, 'charge', $4, $5, $6, now()) ON CONFLICT (tenant_id, operation_key) DO NOTHING";
    let Money { minor, currency } = charge.amount;
    // A challenge is answered by whoever knows its id: make it one that cannot be guessed.
    let id: TestChargeId = crate::ids::secret();
    let values =
        [tx.tenant().into(), id.into(), charge.operation_key.as_str().into(), currency.to_string().into(), minor.into(), status.into()];
    execute(tx, sql, values).await
}

async fn find(tx: &TenantTx, operation_key: &str) -> Result<Option<QueryResult>, DbErr> {
    let sql = "SELECT id, status FROM test_gateway_charges WHERE tenant_id = $1 AND operation_key = $2";
    let values: [Value; 2] = [tx.tenant().into(), operation_key.into()];
    tx.query_one_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await
}

async fn execute<const N: usize>(tx: &TenantTx, sql: &str, values: [Value; N]) -> Result<u64, DbErr> {
    Ok(tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?.rows_affected())
}

fn answer(row: &QueryResult) -> Result<Answer, DbErr> {
    let reference = reference(row)?;
    Ok(match row.try_get::<String>("", "status")?.as_str() {
        "succeeded" => Answer::Captured { reference: Some(reference) },
        "requires_action" => {
            let action = Action::TestChallenge { path: format!("/storefront/v1/test-gateway/challenges/{reference}") };
            Answer::ActionRequired { reference, action }
        }
        _ => Answer::Declined { code: DECLINED.into(), message: "the card was declined".into() },
    })
}

fn reference(row: &QueryResult) -> Result<String, DbErr> {
    Ok(row.try_get::<TestChargeId>("", "id")?.to_string())
}

fn missing() -> DbErr {
    DbErr::RecordNotFound("a charge that was just booked".into())
}

fn lost(error: DbErr) -> GatewayError {
    GatewayError::Unreachable(Box::new(error))
}
