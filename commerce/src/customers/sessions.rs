//! The sessions of customers: families of refresh tokens as accounts have them, behind their store's wall.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, FromQueryResult, Value};
use tenancy::{CustomerId, TenantDb, TenantTx};
use uuid::Uuid;

use super::{Error, SignedInAs, customers};
use crate::{
    identity::{
        self, Device,
        refresh_tokens::{self, Chain, LIVES_DAYS, Turned},
    },
    ids::SessionId,
    sql,
};

const CHAIN: Chain = Chain { table: "customer_refresh_tokens", scope: "tenant_id", family: "family_id, tenant_id, customer_id" };

/// A session with its tip.
#[derive(Clone)]
pub struct Session {
    pub who: SignedInAs,
    /// Shown once; only its hash is kept.
    pub refresh_token: String,
}

/// A session that lives, as its customer sees it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Listed {
    pub id: SessionId,
    pub began_at: DateTime<Utc>,
    pub used_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub user_agent: Option<String>,
    pub address: Option<String>,
}

/// Begins a session. The caller holds the lock on the customer.
pub(super) async fn begin(tx: &TenantTx, customer: CustomerId, device: &Device) -> Result<Session, DbErr> {
    let (session, refresh_token) = (Uuid::now_v7(), refresh_tokens::draw());
    let text = "INSERT INTO customer_refresh_tokens
                  (tenant_id, id, token_hash, family_id, customer_id, began_at, user_agent, address, created_at, expires_at)
                VALUES ($1, $2, $3, $2, $4, now(), $5, $6, now(), now() + make_interval(days => $7))";
    let values: [Value; 7] = [
        tx.tenant().into(),
        session.into(),
        refresh_tokens::hash(&refresh_token),
        customer.into(),
        device.user_agent.clone().into(),
        device.address.to_string().into(),
        LIVES_DAYS.into(),
    ];
    sql::run(tx, text, values).await?;
    Ok(Session { who: SignedInAs { customer, session }, refresh_token })
}

/// Exchanges a refresh token for its successor.
///
/// # Errors
/// `SessionEnded`, as for accounts; also for a token of another store.
pub async fn refresh(db: &TenantDb, secret: &[u8], token: &str, device: &Device) -> Result<Session, Error> {
    let tx = db.begin().await?;
    let (family, refresh_token) = match CHAIN.turn(&tx, secret, (db.tenant().into(), token), device).await? {
        Turned::Renewed(family, successor) => {
            tx.commit().await?;
            (family, successor)
        }
        Turned::Repeated(family, successor) => (family, successor),
        Turned::Stolen => {
            tx.commit().await?;
            return Err(identity::Error::SessionEnded.into());
        }
    };
    let who = SignedInAs { customer: family.try_get("", "customer_id")?, session: family.try_get("", "family_id")? };
    Ok(Session { who, refresh_token })
}

/// Ends the session of a refresh token and names it. Unknown tokens are no error: they end nothing.
///
/// # Errors
/// Postgres is away.
pub async fn end(tx: &TenantTx, token: &str) -> Result<Option<Uuid>, Error> {
    Ok(CHAIN.end(tx, (tx.tenant().into(), token)).await?)
}

/// Ends every session of a customer but one. Answers which were ended.
///
/// # Errors
/// `SessionEnded`: that one is over itself, by who was first.
pub async fn end_others(tx: &TenantTx, but: SignedInAs) -> Result<Vec<Uuid>, Error> {
    customers::lock(tx, but.customer).await?;
    if !stands(tx, but).await? {
        return Err(identity::Error::SessionEnded.into());
    }
    revoke(tx, but.customer, Some(but.session)).await
}

/// Ends every session of a customer, as after a new password. Answers which were ended.
pub(super) async fn end_all(tx: &TenantTx, of: CustomerId) -> Result<Vec<Uuid>, Error> {
    revoke(tx, of, None).await
}

/// Asked again until none is left: a refresh that was on its way may have made another tip.
async fn revoke(tx: &TenantTx, of: CustomerId, but: Option<Uuid>) -> Result<Vec<Uuid>, Error> {
    let text = "UPDATE customer_refresh_tokens SET revoked_at = now()
                WHERE tenant_id = $1 AND customer_id = $2 AND revoked_at IS NULL AND family_id IS DISTINCT FROM $3 RETURNING family_id";
    let mut ended = BTreeSet::new();
    loop {
        let rows: Vec<Family> = sql::all(tx, text, [tx.tenant().into(), of.into(), but.into()]).await?;
        if rows.is_empty() {
            return Ok(ended.into_iter().collect());
        }
        ended.extend(rows.into_iter().map(|row| row.family_id));
    }
}

/// Ends one session of a customer.
///
/// # Errors
/// `SessionNotFound`: it is another's, or has ended.
pub async fn end_one(tx: &TenantTx, of: CustomerId, session: SessionId) -> Result<(), Error> {
    let who = SignedInAs { customer: of, session: session.uuid() };
    if !stands(tx, who).await? || !CHAIN.revoke(tx, who.session).await? {
        return Err(identity::Error::SessionNotFound.into());
    }
    Ok(())
}

/// The live sessions of a customer, the last used first.
///
/// # Errors
/// Postgres is away.
pub async fn list(tx: &TenantTx, of: CustomerId) -> Result<Vec<Listed>, DbErr> {
    let text = "SELECT family_id AS id, began_at, created_at AS used_at, expires_at, user_agent, address FROM customer_refresh_tokens
                WHERE tenant_id = $1 AND customer_id = $2 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > now()
                ORDER BY created_at DESC LIMIT 200";
    sql::all(tx, text, [tx.tenant().into(), of.into()]).await
}

/// Whether the session has not ended.
///
/// # Errors
/// Postgres is away.
pub async fn stands(tx: &TenantTx, who: SignedInAs) -> Result<bool, Error> {
    let text = "SELECT family_id FROM customer_refresh_tokens WHERE tenant_id = $1 AND family_id = $2 AND customer_id = $3
                AND used_at IS NULL AND revoked_at IS NULL AND expires_at > now()";
    let found: Option<Family> = sql::one(tx, text, [tx.tenant().into(), who.session.into(), who.customer.into()]).await?;
    Ok(found.is_some())
}

#[derive(FromQueryResult)]
struct Family {
    family_id: Uuid,
}
