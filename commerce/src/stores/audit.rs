//! What operators did. Append-only: the platform's role may insert and read, and nothing else.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement, Value};
use tenancy::{OperatorId, PlatformTx, TenantId};
use uuid::Uuid;

use super::Error;
use crate::{
    clock::Clock,
    page::{Cursor, Page, PageQuery},
};

const SORT: &str = "operator_audit";

/// Who does it, and in answer to which request.
#[derive(Clone, Debug)]
pub struct By {
    pub operator: OperatorId,
    pub request_id: String,
}

#[derive(Clone, Debug, FromQueryResult)]
pub struct Entry {
    pub id: Uuid,
    pub operator_id: OperatorId,
    /// `tenants.suspend`.
    pub action: String,
    pub tenant: Option<TenantId>,
    /// What it was done to, where the tenant alone does not say it.
    pub subject: Option<String>,
    pub reason: Option<String>,
    pub request_id: Option<String>,
    pub occurred_at: DateTime<Utc>,
}

/// To what an operator does something, and why.
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'a> {
    pub tenant: Option<TenantId>,
    /// 200 characters at most.
    pub subject: Option<&'a str>,
    /// 500 characters at most.
    pub reason: Option<&'a str>,
}

/// Writes down what `tx` does.
///
/// # Errors
/// Postgres is away.
pub async fn record(tx: &PlatformTx, clock: &Clock, by: &By, action: &str, about: About<'_>) -> Result<(), DbErr> {
    let sql = "INSERT INTO operator_audit (id, operator_id, action, tenant, subject, reason, request_id, occurred_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values: [Value; 8] = [
        Uuid::now_v7().into(),
        by.operator.into(),
        action.into(),
        about.tenant.map(TenantId::uuid).into(),
        about.subject.map(str::to_owned).into(),
        about.reason.map(str::to_owned).into(),
        (&*by.request_id).into(),
        clock.now().into(),
    ];
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await.map(|_| ())
}

/// The log, the newest entry first.
///
/// # Errors
/// The cursor is another list's.
pub async fn list(tx: &PlatformTx, page: &PageQuery) -> Result<Page<Entry>, Error> {
    let after = page.after.as_ref().map(|cursor| cursor.for_list(None, SORT)).transpose()?;
    let sql = "SELECT id, operator_id, action, tenant, subject, reason, request_id, occurred_at FROM operator_audit
               WHERE ($1::uuid IS NULL OR id < $1) ORDER BY id DESC LIMIT $2";
    let limit = i64::try_from(page.limit + 1).unwrap_or(i64::MAX);
    let values: [Value; 2] = [after.map(|cursor| cursor.id).into(), limit.into()];
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    let entries = Entry::find_by_statement(statement).all(tx).await?;
    Ok(Page::of(entries, page.limit, |entry| Cursor::new(None, SORT, "", entry.id)))
}
