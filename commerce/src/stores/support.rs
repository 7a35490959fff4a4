//! Support sessions: an operator inside one store, for a stated reason and a short time, with [`tenancy::SUPPORT`] and no more. The store
//! is told when one begins, sees all there were, and may end each.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement, Value};
use tenancy::{Actor, OperatorId, PlatformTx, TenantId, TenantTx};
use uuid::Uuid;

use super::{
    Error, SupportSessionBegan,
    audit::{self, About, By},
    tenants,
};
use crate::{
    clock::Clock,
    identity::sessions::OPERATORS_PROVE_AFTER_HOURS,
    ids::SupportSessionId,
    outbox,
    page::{Cursor, Page, PageQuery},
    sql,
    text::clean_line,
};

/// How long one may last.
pub const MINUTES: std::ops::RangeInclusive<i32> = 5..=60;

const SORT: &str = "support_sessions";
const COLUMNS: &str = "s.id, s.operator_id, o.name AS operator, s.reason, s.began_at, s.expires_at, s.ended_at, s.ended_by";

#[derive(Clone, Debug, FromQueryResult)]
pub struct SupportSession {
    pub id: SupportSessionId,
    pub operator_id: OperatorId,
    /// The operator's name.
    pub operator: String,
    pub reason: String,
    pub began_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// Before its time.
    pub ended_at: Option<DateTime<Utc>>,
    /// `account:acct_…`, `key:key_…`, `operator:oper_…`.
    pub ended_by: Option<String>,
}

/// Begins a session in a store, suspended or not; inside the store, to be committed.
///
/// # Errors
/// `NotFound`, `Invalid` at `/reason`.
pub async fn begin(
    tx: PlatformTx,
    clock: &Clock,
    by: &By,
    store: TenantId,
    (reason, minutes): (&str, i32),
    operator_session: Uuid,
) -> Result<(TenantTx, SupportSession), Error> {
    let reason = clean_line("/reason", reason, 500).map_err(|fault| Error::Invalid(vec![fault]))?;
    tenants::find(&tx, store).await?;
    let id = SupportSessionId::new();
    let about = About { tenant: Some(store), subject: Some(&id.to_string()), reason: Some(&reason) };
    audit::record(&tx, clock, by, "support_sessions.begin", about).await?;
    let tx = tx.enter(store).await?;
    let insert = "INSERT INTO support_sessions (tenant_id, id, operator_id, reason, began_at, expires_at, operator_session)
                  VALUES ($1, $2, $3, $4, now(), now() + make_interval(mins => $5), $6)";
    let minutes = minutes.clamp(*MINUTES.start(), *MINUTES.end());
    let values: [Value; 6] = [store.into(), id.into(), by.operator.into(), reason.into(), minutes.into(), operator_session.into()];
    sql::run(&tx, insert, values).await?;
    outbox::record(&tx, clock, &SupportSessionBegan { session: id }).await?;
    let begun = find(&tx, id).await?;
    Ok((tx, begun))
}

/// A store's sessions, the newest first. `tx` was begun by the platform, as operators are its rows.
///
/// # Errors
/// The cursor is another list's.
pub async fn list(tx: &TenantTx, page: &PageQuery) -> Result<Page<SupportSession>, Error> {
    let after = page.after.as_ref().map(|cursor| cursor.for_list(Some(tx.tenant()), SORT)).transpose()?;
    let limit = i64::try_from(page.limit + 1).unwrap_or(i64::MAX);
    let which = "($2::uuid IS NULL OR s.id < $2) ORDER BY s.id DESC LIMIT $3";
    let sessions = read(tx, which, [after.map(|cursor| cursor.id).into(), limit.into()]).await?;
    Ok(Page::of(sessions, page.limit, |last| Cursor::new(Some(tx.tenant()), SORT, "", last.id.uuid())))
}

/// One of them. `tx` was begun by the platform.
///
/// # Errors
/// `SupportSessionNotFound`.
pub async fn find(tx: &TenantTx, id: SupportSessionId) -> Result<SupportSession, Error> {
    read(tx, "s.id = $2", [id.into()]).await?.pop().ok_or(Error::SupportSessionNotFound(id))
}

/// Ends a session before its time. Ending it again changes nothing. `tx` was begun by the platform.
///
/// # Errors
/// `SupportSessionNotFound`.
pub async fn end(tx: &TenantTx, id: SupportSessionId, by: Actor) -> Result<(), Error> {
    let sql = "UPDATE support_sessions SET ended_at = coalesce(ended_at, now()), ended_by = coalesce(ended_by, $3)
               WHERE tenant_id = $1 AND id = $2";
    match sql::run(tx, sql, [tx.tenant().into(), id.into(), by.to_string().into()]).await? {
        0 => Err(Error::SupportSessionNotFound(id)),
        _ => Ok(()),
    }
}

/// [`end`] by an operator, written into the log of what they do; inside the store, to be committed.
///
/// # Errors
/// `SupportSessionNotFound`.
pub async fn end_by_operator(tx: PlatformTx, clock: &Clock, by: &By, store: TenantId, id: SupportSessionId) -> Result<TenantTx, Error> {
    let about = About { tenant: Some(store), subject: Some(&id.to_string()), reason: None };
    audit::record(&tx, clock, by, "support_sessions.end", about).await?;
    let tx = tx.enter(store).await?;
    end(&tx, id, Actor::Operator(by.operator)).await?;
    Ok(tx)
}

/// Whose session it is while it lasts, in the store it is for: no longer than the operator's own, by which it began.
///
/// # Errors
/// Postgres is away.
pub async fn standing(tx: &PlatformTx, store: TenantId, id: SupportSessionId) -> Result<Option<OperatorId>, DbErr> {
    let sql = "SELECT s.operator_id FROM support_sessions s JOIN operators o ON o.id = s.operator_id AND o.disabled_at IS NULL
               WHERE s.tenant_id = $1 AND s.id = $2 AND s.ended_at IS NULL AND s.expires_at > now()
                 AND EXISTS (SELECT FROM refresh_tokens r WHERE r.family_id = s.operator_session AND r.principal_id = s.operator_id
                   AND r.used_at IS NULL AND r.revoked_at IS NULL AND r.expires_at > now()
                   AND r.proved_at > now() - make_interval(hours => $3))";
    let values: [Value; 3] = [store.into(), id.into(), OPERATORS_PROVE_AFTER_HOURS.into()];
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
    tx.query_one_raw(statement).await?.map(|row| row.try_get("", "operator_id")).transpose()
}

/// `$1` is the tenant: the platform reads across tenants, so each statement says which.
async fn read<const N: usize>(tx: &TenantTx, which: &str, values: [Value; N]) -> Result<Vec<SupportSession>, DbErr> {
    let sql =
        format!("SELECT {COLUMNS} FROM support_sessions s JOIN operators o ON o.id = s.operator_id WHERE s.tenant_id = $1 AND {which}");
    sql::all(tx, &sql, std::iter::once(tx.tenant().into()).chain(values)).await
}
