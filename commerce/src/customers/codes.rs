//! Codes that are mailed to a customer's address, as those of accounts are ([`identity::codes`]): derived from their row's id,
//! and worth nothing in another store.

use sea_orm::{DbErr, FromQueryResult, Value};
use tenancy::{CustomerId, TenantTx};
use uuid::Uuid;

use super::{CustomerCodeRequested, Error, customers};
use crate::{
    clock::Clock,
    identity::{
        self, Codes,
        codes::{Asked, Purpose},
    },
    outbox, sql,
};

/// How many codes of one purpose a customer is sent within an hour; those that are asked for beyond change nothing.
const AT_MOST_AN_HOUR: i64 = 5;

/// Who proved what.
#[derive(Clone, FromQueryResult)]
pub(super) struct Proved {
    pub customer_id: CustomerId,
    pub email: String,
}

/// What a code is to be mailed for.
pub(super) struct Wanted<'a> {
    pub purpose: Purpose,
    /// The address that it proves.
    pub email: &'a str,
    /// See [`CustomerCodeRequested`].
    pub is_registered: bool,
}

/// Has a code mailed. One who was sent enough of them lately is sent no more, and is not told so.
pub(super) async fn send(tx: &TenantTx, clock: &Clock, customer: CustomerId, wanted: Wanted<'_>) -> Result<(), Error> {
    let Wanted { purpose, email, is_registered } = wanted;
    // Counted in a statement of its own, which sees what the last one who held the lock has asked for.
    let asked_by = customers::lock(tx, customer).await?.email;
    let text = "INSERT INTO customer_codes (tenant_id, id, customer_id, purpose, email, asked_by, created_at, expires_at)
                SELECT $1, $2, $3, $4, $5, $6, now(), now() + make_interval(mins => $7)
                WHERE (SELECT count(*) FROM customer_codes WHERE tenant_id = $1 AND customer_id = $3 AND purpose = $4
                       AND created_at > now() - interval '1 hour') < $8";
    let code = Uuid::now_v7();
    let values: [Value; 8] = [
        tx.tenant().into(),
        code.into(),
        customer.into(),
        purpose.as_str().into(),
        email.into(),
        asked_by.into(),
        purpose.minutes().into(),
        AT_MOST_AN_HOUR.into(),
    ];
    if sql::run(tx, text, values).await? == 1 {
        outbox::record(tx, clock, &CustomerCodeRequested { customer, code, purpose, is_registered }).await?;
    }
    Ok(())
}

/// Takes a code back, and leaves its customer locked. It works once, and all others of its purpose end with it.
///
/// # Errors
/// `CodeInvalid`: not ours, of another store, used, expired, or for something else.
pub(super) async fn redeem(tx: &TenantTx, codes: &Codes, purpose: Purpose, code: &str) -> Result<Proved, Error> {
    let invalid = || Error::Identity(identity::Error::CodeInvalid);
    let id = codes.read(code).ok_or_else(invalid)?;
    let owner = "SELECT customer_id, email FROM customer_codes WHERE tenant_id = $1 AND id = $2";
    let owner: Proved = sql::one(tx, owner, [tx.tenant().into(), id.into()]).await?.ok_or_else(invalid)?;
    customers::lock(tx, owner.customer_id).await?;
    let take = "UPDATE customer_codes SET used_at = now()
                WHERE tenant_id = $1 AND id = $2 AND purpose = $3 AND used_at IS NULL AND expires_at > now()";
    if sql::run(tx, take, [tx.tenant().into(), id.into(), purpose.as_str().into()]).await? == 0 {
        return Err(invalid());
    }
    let end_others =
        "UPDATE customer_codes SET used_at = now() WHERE tenant_id = $1 AND customer_id = $2 AND purpose = $3 AND used_at IS NULL";
    sql::run(tx, end_others, [tx.tenant().into(), owner.customer_id.into(), purpose.as_str().into()]).await?;
    Ok(owner)
}

/// Ends every code that a customer could still bring back.
pub(super) async fn end_all(tx: &TenantTx, customer: CustomerId) -> Result<(), DbErr> {
    let text = "UPDATE customer_codes SET used_at = now() WHERE tenant_id = $1 AND customer_id = $2 AND used_at IS NULL";
    sql::run(tx, text, [tx.tenant().into(), customer.into()]).await.map(|_| ())
}

/// Who asked for a code; none when it is gone.
///
/// # Errors
/// Postgres is away.
pub async fn asked(tx: &TenantTx, id: Uuid) -> Result<Option<Asked>, DbErr> {
    let text = "SELECT c.email, c.asked_by, p.name, p.email_verified_at IS NOT NULL AS is_proved,
                       c.used_at IS NULL AND c.expires_at > now() AS is_open
                FROM customer_codes c JOIN customers p ON p.tenant_id = c.tenant_id AND p.id = c.customer_id
                WHERE c.tenant_id = $1 AND c.id = $2";
    sql::one(tx, text, [tx.tenant().into(), id.into()]).await
}
