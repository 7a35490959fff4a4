//! Accounts: people of the vendor side, one for each e-mail address of the platform.

use sea_orm::{ConnectionTrait, DbErr, Statement, Value};
use tenancy::{AccountId, PlatformTx};

use super::Error;
use crate::{clock::Clock, text::Email};

/// An account as sign-in needs it.
#[derive(Clone)]
pub struct Account {
    pub id: AccountId,
    pub password_hash: String,
}

/// The account of an e-mail address, if there is one.
///
/// # Errors
/// Postgres is away.
pub async fn get(tx: &PlatformTx, email: &Email) -> Result<Option<Account>, DbErr> {
    let sql = "SELECT id, password_hash FROM accounts WHERE email = $1";
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
