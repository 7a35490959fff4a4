//! Members: accounts that work in a store.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, Statement, Value};
use tenancy::{AccountId, Actor, BuiltInRole, PlatformDb, TenantTx};
use uuid::Uuid;

use super::{Caller, Error, MemberLeft, MemberRoleChanged, Role, RoleRef, invitations, rights, roles, turn};
use crate::{
    clock::Clock,
    fault::FieldFault,
    identity::sessions::{self, SignedInAs},
    outbox,
    page::{Cursor, CursorError, Page, PageQuery},
    sql,
};

const SORT: &str = "members";

#[derive(Clone, Debug)]
pub struct Member {
    pub account_id: AccountId,
    pub email: String,
    pub name: String,
    pub role: Role,
    pub joined_at: DateTime<Utc>,
}

/// The members, the first who joined first. `tx` was begun by the platform.
///
/// # Errors
/// The cursor is another list's.
pub async fn list(tx: &TenantTx, page: &PageQuery) -> Result<Page<Member>, Error> {
    let after = page.after.as_ref().map(|cursor| position(tx, cursor)).transpose();
    let (at, id) = after.map_err(|error| Error::Invalid(FieldFault::new("/after", "cursor", error.to_string())))?.unzip();
    let which = "($2::timestamptz IS NULL OR (m.created_at, m.account_id) > ($2, $3)) ORDER BY m.created_at, m.account_id LIMIT $4";
    let limit = i64::try_from(page.limit + 1).unwrap_or(i64::MAX);
    let members = read(tx, which, [at.into(), id.into(), limit.into()]).await?;
    let cursor =
        |last: &Member| Cursor::new(Some(tx.tenant()), SORT, last.joined_at.timestamp_micros().to_string(), last.account_id.uuid());
    Ok(Page::of(members, page.limit, cursor))
}

/// One of them. `tx` was begun by the platform.
///
/// # Errors
/// `MemberNotFound`.
pub async fn find(tx: &TenantTx, account: AccountId) -> Result<Member, Error> {
    read(tx, "m.account_id = $2", [account.into()]).await?.pop().ok_or(Error::MemberNotFound(account))
}

/// Gives a member another role. Invitations that they have sent end: they were sent by the role that they had.
///
/// # Errors
/// `MemberNotFound`, `UnknownRole`, `LastOwner`; `OwnersOnly` and `NotYours` when the role they have or the one to be is more than
/// the caller may give.
pub async fn change_role(tx: &TenantTx, clock: &Clock, caller: &Caller, account: AccountId, role: RoleRef) -> Result<(), Error> {
    let rights = rights(tx, caller).await?;
    let before = role_of(tx, account).await?.ok_or(Error::MemberNotFound(account))?;
    let after = roles::named(tx, role).await?;
    rights.cover(&before)?;
    rights.cover(&after)?;
    if before.id == after.id {
        return Ok(());
    }
    if before.is_owner() {
        another_owner(tx, account).await?;
    }
    set_role(tx, account, role).await?;
    invitations::end_of(tx, account).await?;
    let changed = MemberRoleChanged { store: tx.tenant(), account_id: account, from: before.id, to: after.id };
    Ok(outbox::record(tx, clock, &changed).await?)
}

/// Takes a member out of the team and ends their sessions in this store.
///
/// # Errors
/// `MemberNotFound`, `LastOwner`; `OwnersOnly` and `NotYours` for a member who may more than the caller.
pub async fn remove(platform: &PlatformDb, clock: &Clock, caller: &Caller, account: AccountId) -> Result<(), Error> {
    let tx = platform.begin().await?;
    sessions::end_in_store(&tx, account, caller.store).await?;
    let tx = tx.enter(caller.store).await?;
    let rights = rights(&tx, caller).await?;
    let role = role_of(&tx, account).await?.ok_or(Error::MemberNotFound(account))?;
    let is_oneself = caller.actor == Actor::Account(account);
    if !is_oneself {
        rights.cover(&role)?;
    }
    take_out(&tx, clock, (account, &role), !is_oneself).await?;
    Ok(tx.commit().await?)
}

/// Leaves the team; the sessions in this store end with it.
///
/// # Errors
/// `LastOwner`; `SessionEnded` for who is not a member any more.
pub async fn leave(platform: &PlatformDb, clock: &Clock, who: SignedInAs) -> Result<(), Error> {
    let tx = platform.begin().await?;
    sessions::end_in_store(&tx, who.account, who.tenant).await?;
    let tx = tx.enter(who.tenant).await?;
    leave_in(&tx, clock, who.account).await?;
    Ok(tx.commit().await?)
}

/// Takes somebody out who leaves of their own accord; their sessions are the caller's to end.
pub(in crate::identity) async fn leave_in(tx: &TenantTx, clock: &Clock, account: AccountId) -> Result<(), Error> {
    turn(tx).await?;
    let role = role_of(tx, account).await?.ok_or(Error::SessionEnded)?;
    take_out(tx, clock, (account, &role), false).await
}

async fn take_out(tx: &TenantTx, clock: &Clock, (account, role): (AccountId, &Role), was_removed: bool) -> Result<(), Error> {
    if role.is_owner() {
        another_owner(tx, account).await?;
    }
    invitations::end_of(tx, account).await?;
    let sql = "DELETE FROM memberships WHERE tenant_id = $1 AND account_id = $2";
    sql::run(tx, sql, [tx.tenant().into(), account.into()]).await?;
    Ok(outbox::record(tx, clock, &MemberLeft { store: tx.tenant(), account_id: account, was_removed }).await?)
}

/// Makes an account a member; says whether it was none before.
pub(super) async fn add(tx: &TenantTx, clock: &Clock, account: AccountId, role: RoleRef) -> Result<bool, DbErr> {
    let sql =
        "INSERT INTO memberships (tenant_id, account_id, role, role_id, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    let [word, id] = role.columns();
    Ok(sql::run(tx, sql, [tx.tenant().into(), account.into(), word, id, clock.now().into()]).await? == 1)
}

pub(super) async fn set_role(tx: &TenantTx, account: AccountId, role: RoleRef) -> Result<(), DbErr> {
    let sql = "UPDATE memberships SET role = $3, role_id = $4 WHERE tenant_id = $1 AND account_id = $2";
    let [word, id] = role.columns();
    sql::run(tx, sql, [tx.tenant().into(), account.into(), word, id]).await.map(|_| ())
}

pub(super) async fn role_of(tx: &TenantTx, account: AccountId) -> Result<Option<Role>, DbErr> {
    let sql = format!(
        "SELECT {} FROM memberships m LEFT JOIN roles r ON r.tenant_id = m.tenant_id AND r.id = m.role_id
         WHERE m.tenant_id = $1 AND m.account_id = $2",
        Role::COLUMNS
    );
    let values = [tx.tenant().into(), account.into()];
    let row = tx.query_one_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    row.as_ref().map(Role::of).transpose()
}

/// Whether an address is a member's. `tx` was begun by the platform.
pub(super) async fn is_member(tx: &TenantTx, email: &str) -> Result<bool, DbErr> {
    Ok(!read(tx, "a.email = $2", [email.into()]).await?.is_empty())
}

/// That the store keeps an owner without this one; counted in one's turn, so that two owners cannot both be the other.
async fn another_owner(tx: &TenantTx, than: AccountId) -> Result<(), Error> {
    let sql = "SELECT 1 FROM memberships WHERE tenant_id = $1 AND role = $2 AND account_id <> $3 LIMIT 1";
    let values: [Value; 3] = [tx.tenant().into(), BuiltInRole::Owner.as_str().into(), than.into()];
    if sql::run(tx, sql, values).await? == 0 { Err(Error::LastOwner) } else { Ok(()) }
}

/// `$1` is the tenant: the platform reads across tenants, so each statement says which.
async fn read<const N: usize>(tx: &TenantTx, which: &str, values: [Value; N]) -> Result<Vec<Member>, DbErr> {
    let sql = format!(
        "SELECT m.account_id, a.email, a.name, m.created_at, {}
         FROM memberships m JOIN accounts a ON a.id = m.account_id LEFT JOIN roles r ON r.tenant_id = m.tenant_id AND r.id = m.role_id
         WHERE m.tenant_id = $1 AND {which}",
        Role::COLUMNS
    );
    let values = std::iter::once(tx.tenant().into()).chain(values);
    let rows = tx.query_all_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    let member = |row: &sea_orm::QueryResult| {
        Ok(Member {
            account_id: row.try_get("", "account_id")?,
            email: row.try_get("", "email")?,
            name: row.try_get("", "name")?,
            role: Role::of(row)?,
            joined_at: row.try_get("", "created_at")?,
        })
    };
    rows.iter().map(member).collect()
}

fn position(tx: &TenantTx, cursor: &Cursor) -> Result<(DateTime<Utc>, Uuid), CursorError> {
    let cursor = cursor.for_list(Some(tx.tenant()), SORT)?;
    let joined_at = cursor.key.parse().ok().and_then(DateTime::from_timestamp_micros).ok_or(CursorError)?;
    Ok((joined_at, cursor.id))
}
