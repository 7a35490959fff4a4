//! Invitations that are open: for one address, with one role, for a while. Accepted, revoked or replaced, one is gone.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};
use tenancy::{AccountId, Actor, PlatformTx, TenantId, TenantTx};

use super::{Caller, Error, InvitationSent, Rights, Role, RoleRef, members, rights, roles};
use crate::{
    clock::Clock,
    identity::api_keys::key_lives,
    ids::{InvitationId, RoleId},
    outbox, sql,
    text::Email,
};

/// How long an invitation works after it was last sent.
pub const LIVES_DAYS: i32 = 7;

/// Open ones of a store.
pub const AT_MOST: i64 = 50;

/// That an invitation `i` works: its time is not over, nor is that of the key which has sent it.
pub(super) const OPEN: &str = concat!(
    "i.expires_at > now() AND (i.invited_by_key IS NULL OR EXISTS (SELECT FROM api_keys k WHERE k.tenant_id = i.tenant_id
       AND k.id = i.invited_by_key AND ",
    key_lives!(),
    "))"
);

/// How often one is mailed: the first time, and five times again.
const SENT_AT_MOST: i32 = 6;

#[derive(Clone, Debug)]
pub struct Invitation {
    pub id: InvitationId,
    pub email: String,
    pub role: Role,
    /// None: software with a key.
    pub invited_by: Option<AccountId>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// The open invitations, the oldest first.
///
/// # Errors
/// Postgres is away.
pub async fn list(tx: &TenantTx) -> Result<Vec<Invitation>, Error> {
    Ok(read(tx, "true ORDER BY i.id LIMIT $2", [AT_MOST.into()]).await?)
}

/// Invites an address. An open invitation of the same address is replaced, and its code works no more. `tx` was begun by the
/// platform.
///
/// # Errors
/// `AlreadyMember`, `UnknownRole`, `TooManyInvitations`; `OwnersOnly` and `NotYours` for a role that the caller may not give, or that
/// the replaced invitation gave.
pub async fn create(tx: &TenantTx, clock: &Clock, caller: &Caller, (email, role): (&Email, RoleRef)) -> Result<Invitation, Error> {
    let rights = rights(tx, caller).await?;
    rights.cover(&roles::named(tx, role).await?)?;
    if members::is_member(tx, email.as_str()).await? {
        return Err(Error::AlreadyMember);
    }
    make_room(tx, &rights, email).await?;
    let id = InvitationId::new();
    let sql = "INSERT INTO invitations (tenant_id, id, email, role, role_id, invited_by, invited_by_key, sent, created_at, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, 1, now(), now() + make_interval(days => $8))";
    let (person, key) = match caller.actor {
        Actor::Account(id) => (Some(id), None),
        Actor::Key(id) => (None, Some(id)),
        _ => (None, None),
    };
    let [word, role_id] = role.columns();
    let values: [Value; 8] =
        [tx.tenant().into(), id.into(), email.as_str().into(), word, role_id, person.into(), key.into(), LIVES_DAYS.into()];
    sql::run(tx, sql, values).await?;
    outbox::record(tx, clock, &InvitationSent { invitation_id: id }).await?;
    find(tx, id).await
}

/// Mails an invitation again, with the same code; it lives anew from now.
///
/// # Errors
/// `InvitationNotFound`, `InvitationSentOften`; `OwnersOnly` and `NotYours` for a role that the caller may not give.
pub async fn send_again(tx: &TenantTx, clock: &Clock, caller: &Caller, id: InvitationId) -> Result<Invitation, Error> {
    let rights = rights(tx, caller).await?;
    rights.cover(&find(tx, id).await?.role)?;
    let sql = "UPDATE invitations SET sent = sent + 1, expires_at = now() + make_interval(days => $3)
               WHERE tenant_id = $1 AND id = $2 AND sent < $4";
    let sent = sql::run(tx, sql, [tx.tenant().into(), id.into(), LIVES_DAYS.into(), SENT_AT_MOST.into()]).await?;
    if sent == 0 {
        return Err(Error::InvitationSentOften);
    }
    outbox::record(tx, clock, &InvitationSent { invitation_id: id }).await?;
    find(tx, id).await
}

/// Takes an invitation back: its code works no more.
///
/// # Errors
/// `InvitationNotFound`; `OwnersOnly` and `NotYours` for a role that the caller could not have given.
pub async fn revoke(tx: &TenantTx, caller: &Caller, id: InvitationId) -> Result<(), Error> {
    let rights = rights(tx, caller).await?;
    rights.cover(&find(tx, id).await?.role)?;
    sql::run(tx, "DELETE FROM invitations WHERE tenant_id = $1 AND id = $2", [tx.tenant().into(), id.into()]).await?;
    Ok(())
}

/// What the mail of an invitation tells; none when it is not open any more.
///
/// # Errors
/// Postgres is away.
pub async fn get(tx: &TenantTx, id: InvitationId) -> Result<Option<Invitation>, DbErr> {
    Ok(read(tx, "i.id = $2", [id.into()]).await?.pop())
}

/// Stores with invitations past their time.
///
/// # Errors
/// Postgres is away.
pub async fn tenants_to_prune(tx: &PlatformTx) -> Result<Vec<TenantId>, DbErr> {
    let sql = "SELECT DISTINCT tenant_id FROM invitations WHERE expires_at <= now()";
    let rows = tx.query_all_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
    rows.iter().map(|row| row.try_get("", "tenant_id")).collect()
}

/// Forgets the addresses that did not answer in time.
///
/// # Errors
/// Postgres is away.
pub async fn prune(tx: &TenantTx) -> Result<u64, DbErr> {
    sql::run(tx, "DELETE FROM invitations WHERE tenant_id = $1 AND expires_at <= now()", [tx.tenant().into()]).await
}

/// Ends the invitations that a member has sent.
pub(super) async fn end_of(tx: &TenantTx, account: AccountId) -> Result<(), DbErr> {
    let sql = "DELETE FROM invitations WHERE tenant_id = $1 AND invited_by = $2";
    sql::run(tx, sql, [tx.tenant().into(), account.into()]).await.map(|_| ())
}

/// [`end_of`] every member who has a role of the store's own.
pub(super) async fn end_of_members(tx: &TenantTx, role: RoleId) -> Result<(), DbErr> {
    let sql = "DELETE FROM invitations WHERE tenant_id = $1
               AND invited_by IN (SELECT account_id FROM memberships WHERE tenant_id = $1 AND role_id = $2)";
    sql::run(tx, sql, [tx.tenant().into(), role.into()]).await.map(|_| ())
}

/// Takes an invitation for good: it works once, in a store that is open.
pub(super) async fn redeem(tx: &TenantTx, id: InvitationId) -> Result<Option<Redeemed>, DbErr> {
    let sql = format!(
        "WITH redeemed AS (
           DELETE FROM invitations i USING tenants t
           WHERE i.tenant_id = $1 AND i.id = $2 AND {OPEN} AND t.id = i.tenant_id AND t.status = 'active'
           RETURNING i.tenant_id, i.role, i.role_id, t.slug, t.name)
         SELECT i.slug, i.name AS store_name, {} FROM redeemed i LEFT JOIN roles r ON r.tenant_id = i.tenant_id AND r.id = i.role_id",
        Role::COLUMNS
    );
    let values = [tx.tenant().into(), id.into()];
    let row = tx.query_one_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    row.map(|row| Ok(Redeemed { role: Role::of(&row)?, slug: row.try_get("", "slug")?, name: row.try_get("", "store_name")? })).transpose()
}

/// What an invitation opened.
pub(super) struct Redeemed {
    pub role: Role,
    /// Of the store.
    pub slug: String,
    pub name: String,
}

/// Makes way for an invitation of this address: an earlier one goes, and there are not too many others.
async fn make_room(tx: &TenantTx, rights: &Rights, email: &Email) -> Result<(), Error> {
    for replaced in read(tx, "i.email = $2", [email.as_str().into()]).await? {
        rights.cover(&replaced.role)?;
    }
    let sql = format!("DELETE FROM invitations i WHERE i.tenant_id = $1 AND (i.email = $2 OR NOT ({OPEN}))");
    sql::run(tx, &sql, [tx.tenant().into(), email.as_str().into()]).await?;
    let full = "SELECT 1 FROM invitations WHERE tenant_id = $1 HAVING count(*) >= $2";
    if sql::run(tx, full, [tx.tenant().into(), AT_MOST.into()]).await? == 0 { Ok(()) } else { Err(Error::TooManyInvitations) }
}

async fn find(tx: &TenantTx, id: InvitationId) -> Result<Invitation, Error> {
    get(tx, id).await?.ok_or(Error::InvitationNotFound(id))
}

/// Open ones; `$1` is the tenant.
async fn read<const N: usize>(tx: &TenantTx, which: &str, values: [Value; N]) -> Result<Vec<Invitation>, DbErr> {
    let sql = format!(
        "SELECT i.id, i.email, i.invited_by, i.created_at, i.expires_at, {}
         FROM invitations i LEFT JOIN roles r ON r.tenant_id = i.tenant_id AND r.id = i.role_id
         WHERE i.tenant_id = $1 AND {OPEN} AND {which}",
        Role::COLUMNS
    );
    let values = std::iter::once(tx.tenant().into()).chain(values);
    let rows = tx.query_all_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    rows.iter().map(invitation).collect()
}

fn invitation(row: &QueryResult) -> Result<Invitation, DbErr> {
    Ok(Invitation {
        id: row.try_get("", "id")?,
        email: row.try_get("", "email")?,
        role: Role::of(row)?,
        invited_by: row.try_get("", "invited_by")?,
        created_at: row.try_get("", "created_at")?,
        expires_at: row.try_get("", "expires_at")?,
    })
}
