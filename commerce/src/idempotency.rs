//! Idempotency keys, kept in the business transaction: the answer exists exactly when its effect does.
//! (draft-ietf-httpapi-idempotency-key-header)

use std::time::Duration;

use sea_orm::{ConnectionTrait, DbErr, Statement, Value};
use serde_json::Value as Json;
use tenancy::TenantTx;

use crate::{
    clock::Clock,
    fault::{Fault, Kind},
};

/// What makes two requests the same: who, where, which key; the fingerprint is SHA-256 of what was asked.
#[derive(Clone, Debug)]
pub struct Scope {
    pub principal: String,
    /// Method and path.
    pub route: String,
    pub key: String,
    pub fingerprint: [u8; 32],
}

/// The first answer.
#[derive(Clone, Debug)]
pub struct Kept {
    pub status: u16,
    pub body: Option<Json>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("a request with this Idempotency-Key is still running")]
    InFlight,
    #[error("this Idempotency-Key was used for another request")]
    Reused,
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::InFlight => Kind::Conflict,
            Self::Reused => Kind::Invalid,
            Self::Database(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::InFlight => "idempotency.in_flight",
            Self::Reused => "idempotency.key_reused",
            Self::Database(error) => error.code(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::InFlight => Some(Duration::from_secs(1)),
            Self::Database(error) => error.retry_after(),
            Self::Reused => None,
        }
    }
}

/// Claims the key for this transaction and answers what was kept for it, if anything. The claim ends with the transaction.
///
/// # Errors
/// `InFlight` while another transaction holds the key, `Reused` when it was kept for another request.
pub async fn find(tx: &TenantTx, scope: &Scope) -> Result<Option<Kept>, Error> {
    let claim = "SELECT pg_try_advisory_xact_lock(hashtextextended(concat_ws(chr(31), $1::text, $2, $3, $4), 0)) AS claimed";
    let values: [Value; 4] =
        [tx.tenant().uuid().to_string().into(), (&*scope.principal).into(), (&*scope.route).into(), (&*scope.key).into()];
    let row = tx.query_one_raw(Statement::from_sql_and_values(tx.get_database_backend(), claim, values)).await?;
    if !row.map(|row| row.try_get::<bool>("", "claimed")).transpose()?.unwrap_or(false) {
        return Err(Error::InFlight);
    }
    // A statement of its own, so that it sees what the last holder of the claim committed.
    let kept = "SELECT fingerprint, status, body FROM idempotency_keys
                WHERE tenant_id = $1 AND principal = $2 AND route = $3 AND key = $4";
    let values: [Value; 4] = [tx.tenant().into(), (&*scope.principal).into(), (&*scope.route).into(), (&*scope.key).into()];
    let Some(row) = tx.query_one_raw(Statement::from_sql_and_values(tx.get_database_backend(), kept, values)).await? else {
        return Ok(None);
    };
    if row.try_get::<Vec<u8>>("", "fingerprint")? != scope.fingerprint {
        return Err(Error::Reused);
    }
    let status = u16::try_from(row.try_get::<i16>("", "status")?).map_err(|error| DbErr::Type(error.to_string()))?;
    Ok(Some(Kept { status, body: row.try_get("", "body")? }))
}

/// Keeps the answer with its effect. Only answers below 500 are kept.
///
/// # Errors
/// Postgres is away.
pub async fn keep(tx: &TenantTx, clock: &Clock, scope: &Scope, status: u16, body: Option<&Json>) -> Result<(), Error> {
    let sql = "INSERT INTO idempotency_keys (tenant_id, principal, route, key, fingerprint, status, body, created_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values: [Value; 8] = [
        tx.tenant().into(),
        (&*scope.principal).into(),
        (&*scope.route).into(),
        (&*scope.key).into(),
        scope.fingerprint.to_vec().into(),
        i16::try_from(status).unwrap_or(i16::MAX).into(),
        body.cloned().into(),
        clock.now().into(),
    ];
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok(())
}
