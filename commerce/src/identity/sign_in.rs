//! Signing in. No transaction is open while a password is checked: that takes longer than everything else together.

use sea_orm::{ConnectionTrait, DbErr, Statement};
use tenancy::{AccountId, OperatorId, PlatformDb, PlatformTx, TenantId};

use super::{
    Error, Passwords, accounts,
    sessions::{self, Device, Principal, Session},
    team::Role,
};
use crate::text::Email;

/// A store in which an account works.
#[derive(Clone, Debug)]
pub struct Membership {
    pub tenant: TenantId,
    pub slug: String,
    /// The store's own name.
    pub name: String,
    pub role: Role,
}

/// A session that has just begun.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub session: Session,
    pub membership: Membership,
}

/// Signs an account in to one store: the one named, or its only one.
///
/// # Errors
/// `WrongCredentials`, `SeveralStores` when none is named and there are several, `NoSuchStore`, `Busy`.
pub async fn sign_in(
    platform: &PlatformDb,
    passwords: &Passwords,
    (email, password): (&Email, &str),
    store: Option<&str>,
    device: &Device,
) -> Result<SignedIn, Error> {
    let account = accounts::get(&platform.begin().await?, email).await?;
    let (id, hash) = account.map(|account| (account.id, account.password_hash)).unzip();
    let fits = passwords.fit(password, hash.flatten()).await?;
    let id = id.filter(|_| fits).ok_or(Error::WrongCredentials)?;
    enter(platform, id, store, device).await
}

/// The last step of every way to sign in: begins a session of somebody who has proved who they are.
///
/// # Errors
/// `SeveralStores` when none is named and there are several, `NoSuchStore`.
pub(super) async fn enter(platform: &PlatformDb, account: AccountId, store: Option<&str>, device: &Device) -> Result<SignedIn, Error> {
    let tx = platform.begin().await?;
    let signed_in = in_store(&tx, account, store, device).await?;
    tx.commit().await?;
    Ok(signed_in)
}

/// Signs an operator in.
///
/// # Errors
/// `WrongCredentials`, `Busy`.
pub async fn sign_in_operator(
    platform: &PlatformDb,
    passwords: &Passwords,
    (email, password): (&Email, &str),
    device: &Device,
) -> Result<Session, Error> {
    let (id, hash) = operator(&platform.begin().await?, email).await?.unzip();
    let fits = passwords.fit(password, hash).await?;
    let id = id.filter(|_| fits).ok_or(Error::WrongCredentials)?;
    let tx = platform.begin().await?;
    let session = sessions::begin(&tx, Principal::Operator(id), device).await?;
    tx.commit().await?;
    Ok(session)
}

/// Begins a session in another store of the same account, without its password: whoever asks is signed in.
///
/// # Errors
/// `NoSuchStore`.
pub async fn switch_store(tx: &PlatformTx, account: AccountId, store: &str, device: &Device) -> Result<SignedIn, Error> {
    in_store(tx, account, Some(store), device).await
}

async fn in_store(tx: &PlatformTx, account: AccountId, store: Option<&str>, device: &Device) -> Result<SignedIn, Error> {
    let membership = choose(memberships(tx, account).await?, store)?;
    let session = sessions::begin(tx, Principal::Account(account, membership.tenant), device).await?;
    Ok(SignedIn { session, membership })
}

pub(super) fn choose(mut memberships: Vec<Membership>, store: Option<&str>) -> Result<Membership, Error> {
    match store {
        Some(slug) => memberships.into_iter().find(|membership| membership.slug == slug).ok_or(Error::NoSuchStore),
        None if memberships.len() > 1 => Err(Error::SeveralStores),
        None => memberships.pop().ok_or(Error::NoSuchStore),
    }
}

/// The stores in which an account works, the first it joined first.
///
/// # Errors
/// Postgres is away.
pub async fn memberships(tx: &PlatformTx, account: AccountId) -> Result<Vec<Membership>, DbErr> {
    let sql = format!(
        "SELECT m.tenant_id, t.slug, t.name, {} FROM memberships m JOIN tenants t ON t.id = m.tenant_id
         LEFT JOIN roles r ON r.tenant_id = m.tenant_id AND r.id = m.role_id
         WHERE m.account_id = $1 ORDER BY m.created_at LIMIT 1000",
        Role::COLUMNS
    );
    let rows = tx.query_all_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, [account.into()])).await?;
    let membership = |row: &sea_orm::QueryResult| {
        let role = Role::of(row)?;
        Ok(Membership { tenant: row.try_get("", "tenant_id")?, slug: row.try_get("", "slug")?, name: row.try_get("", "name")?, role })
    };
    rows.iter().map(membership).collect()
}

async fn operator(tx: &PlatformTx, email: &Email) -> Result<Option<(OperatorId, String)>, DbErr> {
    let sql = "SELECT id, password_hash FROM operators WHERE email = $1";
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, [email.as_str().into()]);
    let Some(row) = tx.query_one_raw(statement).await? else { return Ok(None) };
    Ok(Some((row.try_get("", "id")?, row.try_get("", "password_hash")?)))
}
