//! Accounts: people of the vendor side, one for each e-mail address of the platform.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, SqlErr, Statement, Value};
use tenancy::{AccountId, PlatformTx};

use super::{Error, codes};
use crate::{
    clock::Clock,
    text::{Email, clean_line},
};

/// An account as sign-in needs it.
#[derive(Clone)]
pub struct Account {
    pub id: AccountId,
    /// None for who signs in by other providers alone.
    pub password_hash: Option<String>,
}

/// The account of an e-mail address, if there is one that is not closed.
///
/// # Errors
/// Postgres is away.
pub async fn get(tx: &PlatformTx, email: &Email) -> Result<Option<Account>, DbErr> {
    let sql = "SELECT id, password_hash FROM accounts WHERE email = $1 AND closed_at IS NULL";
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, [email.as_str().into()]);
    let Some(row) = tx.query_one_raw(statement).await? else { return Ok(None) };
    Ok(Some(Account { id: row.try_get("", "id")?, password_hash: row.try_get("", "password_hash")? }))
}

/// Makes an account; none when the address was taken meanwhile.
///
/// # Errors
/// Postgres is away.
pub async fn create(
    tx: &PlatformTx,
    clock: &Clock,
    (email, name): (&Email, &str),
    password_hash: &str,
) -> Result<Option<AccountId>, Error> {
    let id = AccountId::new();
    let sql = "INSERT INTO accounts (id, email, name, password_hash, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)
               ON CONFLICT (email) DO NOTHING";
    let values: [Value; 5] = [id.into(), email.as_str().into(), name.into(), password_hash.into(), clock.now().into()];
    let made = tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok((made.rows_affected() == 1).then_some(id))
}

/// Makes an account without a password, whose address is proved; none when the address was taken meanwhile.
///
/// # Errors
/// Postgres is away.
pub(super) async fn create_proved(tx: &PlatformTx, clock: &Clock, (email, name): (&Email, &str)) -> Result<Option<AccountId>, DbErr> {
    let id = AccountId::new();
    let sql = "INSERT INTO accounts (id, email, name, email_verified_at, created_at, updated_at) VALUES ($1, $2, $3, $4, $4, $4)
               ON CONFLICT (email) DO NOTHING";
    let values: [Value; 4] = [id.into(), email.as_str().into(), name.into(), clock.now().into()];
    let made = tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok((made.rows_affected() == 1).then_some(id))
}

/// An account as its own person sees it.
#[derive(Clone, FromQueryResult)]
pub struct Profile {
    pub id: AccountId,
    pub email: String,
    pub name: String,
    /// None for who signs in by other providers alone.
    pub password_hash: Option<String>,
    pub email_verified_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

/// The account of somebody who is signed in.
///
/// # Errors
/// `SessionEnded` when it is closed.
pub async fn find(tx: &PlatformTx, id: AccountId) -> Result<Profile, Error> {
    open(tx, id).await?.ok_or(Error::SessionEnded)
}

/// An account of which something is to be told; none when it is closed.
///
/// # Errors
/// Postgres is away.
pub async fn open(tx: &PlatformTx, id: AccountId) -> Result<Option<Profile>, DbErr> {
    let sql = "SELECT id, email, name, password_hash, email_verified_at, created_at FROM accounts WHERE id = $1 AND closed_at IS NULL";
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, [id.into()]);
    Profile::find_by_statement(statement).one(tx).await
}

/// # Errors
/// `Invalid` names the field; `SessionEnded` when the account is closed.
pub async fn rename(tx: &PlatformTx, clock: &Clock, id: AccountId, name: &str) -> Result<(), Error> {
    let name = clean_line("/name", name, 100).map_err(Error::Invalid)?;
    match set(tx, "name = $2, updated_at = $3", [id.into(), name.into(), clock.now().into()]).await? {
        0 => Err(Error::SessionEnded),
        _ => Ok(()),
    }
}

/// Waits until nobody else changes the account; from here on until the end of `tx` nobody does.
pub(super) async fn lock(tx: &PlatformTx, id: AccountId) -> Result<(), DbErr> {
    let sql = "SELECT 1 FROM accounts WHERE id = $1 FOR NO KEY UPDATE";
    tx.query_one_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, [id.into()])).await.map(|_| ())
}

/// [`lock`], and whether the account still has the password that was checked before, or none: checking takes long, and a reset
/// beside it would else lose to the password that it was to end.
///
/// # Errors
/// Postgres is away.
pub async fn still_has(tx: &PlatformTx, id: AccountId, password_hash: Option<&str>) -> Result<bool, DbErr> {
    let sql = "SELECT 1 FROM accounts WHERE id = $1 AND password_hash IS NOT DISTINCT FROM $2 AND closed_at IS NULL FOR NO KEY UPDATE";
    let values: [Value; 2] = [id.into(), password_hash.into()];
    Ok(tx.query_one_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?.is_some())
}

/// The account has another password, and no code that was mailed before is worth anything.
pub(super) async fn set_password(tx: &PlatformTx, clock: &Clock, id: AccountId, hash: &str) -> Result<(), DbErr> {
    set(tx, "password_hash = $2, updated_at = $3", [id.into(), hash.into(), clock.now().into()]).await?;
    codes::end_all(tx, id).await
}

/// The account has another address, which it has proved, and no code that was mailed to the old one is worth anything.
pub(super) async fn set_email(tx: &PlatformTx, clock: &Clock, id: AccountId, email: &str) -> Result<(), Error> {
    let taken = |error: DbErr| match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => Error::EmailTaken,
        _ => Error::Database(error),
    };
    set(tx, "email = $2, email_verified_at = $3, updated_at = $3", [id.into(), email.into(), clock.now().into()]).await.map_err(taken)?;
    Ok(codes::end_all(tx, id).await?)
}

/// Whether the account still has the address that was proved.
pub(super) async fn mark_verified(tx: &PlatformTx, clock: &Clock, id: AccountId, email: &str) -> Result<bool, DbErr> {
    let sql = "UPDATE accounts SET email_verified_at = coalesce(email_verified_at, $3) WHERE id = $1 AND email = $2 AND closed_at IS NULL";
    let values: [Value; 3] = [id.into(), email.into(), clock.now().into()];
    Ok(tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?.rows_affected() == 1)
}

async fn set(tx: &PlatformTx, assignments: &str, values: [Value; 3]) -> Result<u64, DbErr> {
    let sql = format!("UPDATE accounts SET {assignments} WHERE id = $1 AND closed_at IS NULL");
    Ok(tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?.rows_affected())
}
