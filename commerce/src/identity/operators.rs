//! Operators: the people who run the platform. They are made, given a new authenticator and shut out on the command line and by no
//! request; none is without a second factor.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement, Value};
use tenancy::{OperatorId, PlatformDb, PlatformTx};
use uuid::Uuid;

use super::{
    Error, Passwords,
    second_factors::{self, Means, Subject, check, totp},
    sessions,
};
use crate::{
    clock::Clock,
    text::{Email, clean_line},
};

/// An operator's new authenticator. Shown here and never again.
#[derive(Clone, Debug)]
pub struct Enrolled {
    pub operator: OperatorId,
    pub secret: totp::Secret,
    pub recovery_codes: Vec<String>,
}

#[derive(Clone, Debug, FromQueryResult)]
pub struct Operator {
    pub id: OperatorId,
    pub email: String,
    pub name: String,
    pub created_at: DateTime<Utc>,
    pub disabled_at: Option<DateTime<Utc>>,
}

/// Makes an operator. One who exists gets the new name, password and authenticator, may sign in again, and is signed out everywhere.
///
/// # Errors
/// The password is unfit, or the name.
pub async fn add(
    tx: &PlatformTx,
    passwords: &Passwords,
    means: Means<'_>,
    (email, name, password): (&Email, &str, &str),
    secret: totp::Secret,
) -> Result<Enrolled, Error> {
    let name = clean_line("/name", name, 100).map_err(Error::Invalid)?;
    let hash = passwords.hash(email.as_str(), password).await?;
    let sql = "INSERT INTO operators (id, email, name, password_hash, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)
               ON CONFLICT (email) DO UPDATE SET name = $3, password_hash = $4, updated_at = $5, disabled_at = NULL RETURNING id";
    let values: [Value; 5] = [OperatorId::new().into(), email.as_str().into(), name.into(), hash.into(), means.clock.now().into()];
    let row = tx.query_one_raw(statement(sql, values)).await?.ok_or(DbErr::RecordNotInserted)?;
    enrol(tx, means, row.try_get("", "id")?, secret).await
}

/// Gives an operator another authenticator and signs them out everywhere.
///
/// # Errors
/// `OperatorNotFound`.
pub async fn reset_factor(tx: &PlatformTx, means: Means<'_>, email: &Email, secret: totp::Secret) -> Result<Enrolled, Error> {
    let sql = "UPDATE operators SET updated_at = $2 WHERE email = $1 RETURNING id";
    let row = tx.query_one_raw(statement(sql, [email.as_str().into(), means.clock.now().into()])).await?;
    enrol(tx, means, row.ok_or(Error::OperatorNotFound)?.try_get("", "id")?, secret).await
}

/// Shuts an operator out: signed out, and never in again until [`add`] lets them.
///
/// # Errors
/// `OperatorNotFound`.
pub async fn disable(tx: &PlatformTx, clock: &Clock, email: &Email) -> Result<OperatorId, Error> {
    let sql = "UPDATE operators SET disabled_at = coalesce(disabled_at, $2), updated_at = $2 WHERE email = $1 RETURNING id";
    let row = tx.query_one_raw(statement(sql, [email.as_str().into(), clock.now().into()])).await?;
    let id: OperatorId = row.ok_or(Error::OperatorNotFound)?.try_get("", "id")?;
    sessions::end_all(tx, id.uuid()).await?;
    Ok(id)
}

/// All of them, the first who was made first.
///
/// # Errors
/// Postgres is away.
pub async fn list(tx: &PlatformTx) -> Result<Vec<Operator>, DbErr> {
    let sql = "SELECT id, email, name, created_at, disabled_at FROM operators ORDER BY created_at, id LIMIT 1000";
    Operator::find_by_statement(statement(sql, [])).all(tx).await
}

/// One who is signed in.
///
/// # Errors
/// `SessionEnded` when they are gone.
pub async fn find(tx: &PlatformTx, id: OperatorId) -> Result<Operator, Error> {
    let sql = "SELECT id, email, name, created_at, disabled_at FROM operators WHERE id = $1";
    Operator::find_by_statement(statement(sql, [id.into()])).one(tx).await?.ok_or(Error::SessionEnded)
}

/// Sets another password, with the current one and a code, and ends every other session. Answers which were ended.
///
/// # Errors
/// `WrongPassword`, `WrongCode`, `TooManyCodes`, `UnfitPassword` for the new one, `SessionEnded`, `Busy`.
pub async fn change_password(
    platform: &PlatformDb,
    passwords: &Passwords,
    means: Means<'_>,
    (id, session): (OperatorId, Uuid),
    (current, code, new): (&str, &str, &str),
) -> Result<Vec<Uuid>, Error> {
    let (email, hash) = credentials(&platform.begin().await?, id).await?;
    if !passwords.fit(current, Some(hash)).await? {
        return Err(Error::WrongPassword);
    }
    let hash = passwords.hash(&email, new).await?;
    let (subject, tx) = (Subject::Operator(id), platform.begin().await?);
    if !subject.turn(&tx).await? {
        return Err(Error::SessionEnded);
    }
    let (tx, _) = check(tx, means, subject, code).await?;
    let sql = "UPDATE operators SET password_hash = $2, updated_at = $3 WHERE id = $1";
    tx.execute_raw(statement(sql, [id.into(), hash.into(), means.clock.now().into()])).await?;
    let ended = sessions::end_others(&tx, id.uuid(), Some(session)).await?;
    tx.commit().await?;
    Ok(ended)
}

async fn enrol(tx: &PlatformTx, means: Means<'_>, operator: OperatorId, secret: totp::Secret) -> Result<Enrolled, Error> {
    let recovery_codes = second_factors::give(tx, means, Subject::Operator(operator), &secret).await?;
    sessions::end_all(tx, operator.uuid()).await?;
    Ok(Enrolled { operator, secret, recovery_codes })
}

async fn credentials(tx: &PlatformTx, id: OperatorId) -> Result<(String, String), Error> {
    let sql = "SELECT email, password_hash FROM operators WHERE id = $1";
    let row = tx.query_one_raw(statement(sql, [id.into()])).await?.ok_or(Error::SessionEnded)?;
    Ok((row.try_get("", "email")?, row.try_get("", "password_hash")?))
}

fn statement(sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(sea_orm::DbBackend::Postgres, sql, values)
}
