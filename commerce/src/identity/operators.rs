//! Operators: the people who run the platform. They are made on the command line and by no request.

use sea_orm::{ConnectionTrait, Statement, Value};
use tenancy::{OperatorId, PlatformTx};

use super::{Error, Passwords, sessions};
use crate::{
    clock::Clock,
    text::{Email, clean_line},
};

/// Makes an operator. One who exists gets the new name and password, and is signed out everywhere.
///
/// # Errors
/// The password is unfit, or the name.
pub async fn create(
    tx: &PlatformTx,
    passwords: &Passwords,
    clock: &Clock,
    (email, name, password): (&Email, &str, &str),
) -> Result<OperatorId, Error> {
    let name = clean_line("/name", name, 100).map_err(Error::Invalid)?;
    let hash = passwords.hash(email.as_str(), password).await?;
    let sql = "INSERT INTO operators (id, email, name, password_hash, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)
               ON CONFLICT (email) DO UPDATE SET name = $3, password_hash = $4, updated_at = $5 RETURNING id";
    let values: [Value; 5] = [OperatorId::new().into(), email.as_str().into(), name.into(), hash.into(), clock.now().into()];
    let row = tx.query_one_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    let row = row.ok_or_else(|| sea_orm::DbErr::RecordNotInserted)?;
    let id: OperatorId = row.try_get("", "id")?;
    sessions::end_all(tx, id.uuid()).await?;
    Ok(id)
}
