//! Sessions of accounts and operators: one sign-in is one family of refresh tokens ([`refresh_tokens`]).

use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, QueryResult, Statement, Value};
use tenancy::{AccountId, Acting, Actor, OperatorId, Permission, PlatformDb, PlatformTx, TenantId};
use uuid::Uuid;

use super::{
    Error, Proof, accounts,
    refresh_tokens::{self, Chain, Turned},
    second_factors::{Subject, challenges},
    team::Role,
};
use crate::ids::SessionId;

pub use refresh_tokens::{GRACE_SECONDS, LIVES_DAYS};

/// After so long operators sign in anew, whatever they do meanwhile (NIST SP 800-63B-4, 2.2.3: a day at most).
pub const OPERATORS_PROVE_AFTER_HOURS: i32 = 12;

const CHAIN: Chain = Chain {
    table: "refresh_tokens",
    scope: "principal",
    family: "family_id, principal, principal_id, tenant, proved_at, second_factor_at",
};

/// Who is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal {
    Account(AccountId, TenantId),
    Operator(OperatorId),
}

impl Principal {
    const fn subject(self) -> Subject {
        match self {
            Self::Account(id, _) => Subject::Account(id),
            Self::Operator(id) => Subject::Operator(id),
        }
    }

    fn columns(self) -> (&'static str, Uuid, Option<Uuid>) {
        match self {
            Self::Account(id, tenant) => ("account", id.uuid(), Some(tenant.uuid())),
            Self::Operator(id) => ("operator", id.uuid(), None),
        }
    }
}

/// A session with its tip: what a refresh token is exchanged for.
#[derive(Clone, Debug)]
pub struct Session {
    pub id: Uuid,
    pub principal: Principal,
    /// Shown once; only its hash is kept.
    pub refresh_token: String,
}

/// Who is signed in, where, and by which session.
#[derive(Clone, Copy, Debug)]
pub struct SignedInAs {
    pub account: AccountId,
    pub tenant: TenantId,
    pub session: Uuid,
}

/// From what and where a session is used, as far as the request tells.
#[derive(Clone, Debug)]
pub struct Device {
    /// 200 characters at most.
    pub user_agent: Option<String>,
    pub address: IpAddr,
    pub request_id: String,
}

impl Device {
    /// For what somebody does in a store as they sign in to it.
    pub(super) fn acting(&self, account: AccountId) -> Acting {
        Acting { actor: Actor::Account(account), address: self.address, request_id: self.request_id.clone() }
    }
}

/// A session that lives, as its owner sees it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Listed {
    pub id: SessionId,
    /// The slug of the store it is in; an operator's is in none.
    pub store: Option<String>,
    pub began_at: DateTime<Utc>,
    pub used_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub user_agent: Option<String>,
    pub address: Option<String>,
}

/// What a session still allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Member {
        store: TenantId,
        permissions: Arc<[Permission]>,
    },
    Operator,
    /// An operator inside a store.
    Support(OperatorId),
}

/// Which kind of session a refresh token must be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Account,
    Operator,
}

/// Begins a session of who has proved that they may have it.
///
/// # Errors
/// `WrongCredentials`: it is somebody else's proof. `SessionEnded`: the session that it stands on is over.
pub(crate) async fn begin(tx: &PlatformTx, principal: Principal, proof: &Proof, device: &Device) -> Result<Session, Error> {
    if proof.subject() != principal.subject() {
        return Err(Error::WrongCredentials);
    }
    let (id, refresh_token) = (Uuid::now_v7(), refresh_tokens::draw());
    // A session that another one begins was proved when that was.
    let sql = "INSERT INTO refresh_tokens (id, token_hash, family_id, principal, principal_id, tenant, began_at, user_agent, address,
                 created_at, expires_at, proved_at, second_factor_at)
               SELECT $1, $2, $1, $3, $4, $5, now(), $7, $8, now(), now() + make_interval(days => $6),
                 CASE WHEN $10::uuid IS NULL THEN now() ELSE s.proved_at END,
                 CASE WHEN $10::uuid IS NOT NULL THEN s.second_factor_at WHEN $9 THEN now() END
               FROM (SELECT 1) AS one LEFT JOIN refresh_tokens s
                 ON s.family_id = $10 AND s.principal_id = $4 AND s.used_at IS NULL AND s.revoked_at IS NULL AND s.expires_at > now()
               WHERE $10::uuid IS NULL OR s.id IS NOT NULL";
    let (word, principal_id, tenant) = principal.columns();
    let values: [Value; 10] = [
        id.into(),
        refresh_tokens::hash(&refresh_token),
        word.into(),
        principal_id.into(),
        tenant.into(),
        LIVES_DAYS.into(),
        device.user_agent.clone().into(),
        device.address.to_string().into(),
        proof.has_second_factor().into(),
        proof.session().into(),
    ];
    if let (Principal::Account(account, _), Some(_)) = (principal, proof.session()) {
        // A reset or another end of that session, which is on its way, comes first.
        accounts::lock(tx, account).await?;
    }
    if tx.execute_raw(statement(sql, values)).await?.rows_affected() == 0 {
        return Err(Error::SessionEnded);
    }
    Ok(Session { id, principal, refresh_token })
}

/// Exchanges a refresh token for its successor.
///
/// # Errors
/// `SessionEnded`: the token is unknown, expired, revoked, or was used before the grace; in the last case its whole family
/// is revoked.
pub async fn refresh(platform: &PlatformDb, secret: &[u8], (kind, token): (Kind, &str), device: &Device) -> Result<Session, Error> {
    let tx = platform.begin().await?;
    match CHAIN.turn(&tx, secret, (word(kind).into(), token), device).await? {
        Turned::Renewed(family, successor) => {
            tx.commit().await?;
            session(&family, successor)
        }
        Turned::Repeated(family, successor) => session(&family, successor),
        Turned::Stolen => {
            tx.commit().await?;
            Err(Error::SessionEnded)
        }
    }
}

/// Ends the session of a refresh token, whichever token of its family it is, and names it. Unknown tokens are no error: they
/// end nothing.
///
/// # Errors
/// Postgres is away.
pub async fn end(tx: &PlatformTx, kind: Kind, token: &str) -> Result<Option<Uuid>, Error> {
    Ok(CHAIN.end(tx, (word(kind).into(), token)).await?)
}

/// Ends every session of somebody, as after a new password.
///
/// # Errors
/// Postgres is away.
pub async fn end_all(tx: &PlatformTx, of: Uuid) -> Result<Vec<Uuid>, Error> {
    end_others(tx, of, None).await
}

/// [`end_all`] but for one session, and with every sign-in that is half way. Answers which were ended.
///
/// # Errors
/// `SessionEnded`: that one is over itself, by who was first.
pub async fn end_others(tx: &PlatformTx, of: Uuid, but: Option<Uuid>) -> Result<Vec<Uuid>, Error> {
    let sql = "UPDATE refresh_tokens SET revoked_at = now()
               WHERE revoked_at IS NULL AND principal_id = $1 AND family_id IS DISTINCT FROM $2 RETURNING family_id";
    // A session that is being begun by one of these comes before their end, or is refused.
    accounts::lock(tx, AccountId::from_uuid(of)).await?;
    if let Some(session) = but
        && !stands(tx, session).await?
    {
        return Err(Error::SessionEnded);
    }
    challenges::end_all(tx, of).await?;
    until_none_is_left(tx, sql, [of.into(), but.into()]).await
}

/// Runs a statement that revokes until it finds nothing more: a refresh that was on its way may have made another tip.
async fn until_none_is_left<const N: usize>(tx: &PlatformTx, sql: &str, values: [Value; N]) -> Result<Vec<Uuid>, Error> {
    let mut ended = BTreeSet::new();
    loop {
        let rows = tx.query_all_raw(statement(sql, values.clone())).await?;
        if rows.is_empty() {
            return Ok(ended.into_iter().collect());
        }
        for row in rows {
            ended.insert(row.try_get("", "family_id")?);
        }
    }
}

/// Ends the sessions of an account in one store.
///
/// # Errors
/// Postgres is away.
pub async fn end_in_store(tx: &PlatformTx, account: AccountId, store: TenantId) -> Result<(), Error> {
    let sql = "UPDATE refresh_tokens SET revoked_at = now()
               WHERE revoked_at IS NULL AND principal_id = $1 AND principal = 'account' AND tenant = $2 RETURNING family_id";
    until_none_is_left(tx, sql, [account.into(), store.into()]).await.map(|_| ())
}

/// Ends one session of somebody.
///
/// # Errors
/// `SessionNotFound`: it is another's, or has ended.
pub async fn end_one(tx: &PlatformTx, of: Uuid, session: SessionId) -> Result<(), Error> {
    let sql = "SELECT 1 FROM refresh_tokens
               WHERE revoked_at IS NULL AND used_at IS NULL AND expires_at > now() AND principal_id = $1 AND family_id = $2";
    let stands = tx.query_one_raw(statement(sql, [of.into(), session.into()])).await?.is_some();
    if !stands || !CHAIN.revoke(tx, session.uuid()).await? {
        return Err(Error::SessionNotFound);
    }
    Ok(())
}

/// Whether a session has not ended. What must not happen after its end asks with its account held.
pub(super) async fn stands(tx: &PlatformTx, session: Uuid) -> Result<bool, DbErr> {
    let sql = "SELECT 1 FROM refresh_tokens WHERE family_id = $1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > now()";
    Ok(tx.query_one_raw(statement(sql, [session.into()])).await?.is_some())
}

/// The live sessions of somebody, an account's in all its stores; the last used first.
///
/// # Errors
/// Postgres is away.
pub async fn list(tx: &PlatformTx, subject: Subject) -> Result<Vec<Listed>, Error> {
    let sql =
        "SELECT r.family_id AS id, t.slug AS store, coalesce(r.began_at, r.created_at) AS began_at, r.created_at AS used_at, r.expires_at,
                 r.user_agent, r.address FROM refresh_tokens r LEFT JOIN tenants t ON t.id = r.tenant
               WHERE r.principal_id = $1 AND r.principal = $2 AND r.used_at IS NULL AND r.revoked_at IS NULL AND r.expires_at > now()
               ORDER BY r.created_at DESC LIMIT 200";
    Ok(Listed::find_by_statement(statement(sql, [subject.uuid().into(), subject.word().into()])).all(tx).await?)
}

/// What the session allows now, if it has not ended and who signed in is still a member.
///
/// # Errors
/// Postgres is away.
pub async fn standing(tx: &PlatformTx, session: Uuid, tenant: Option<TenantId>) -> Result<Option<Standing>, Error> {
    let sql = format!(
        "SELECT s.principal, m.tenant_id, {} FROM refresh_tokens s
         LEFT JOIN memberships m ON m.tenant_id = s.tenant AND m.account_id = s.principal_id
         LEFT JOIN roles r ON r.tenant_id = m.tenant_id AND r.id = m.role_id
         WHERE s.family_id = $1 AND s.tenant IS NOT DISTINCT FROM $2
           AND s.used_at IS NULL AND s.revoked_at IS NULL AND s.expires_at > now()
           AND (s.principal <> 'operator' OR s.proved_at > now() - make_interval(hours => $3))",
        Role::COLUMNS
    );
    let tenant = tenant.map(TenantId::uuid);
    let Some(row) = tx.query_one_raw(statement(&sql, [session.into(), tenant.into(), OPERATORS_PROVE_AFTER_HOURS.into()])).await? else {
        return Ok(None);
    };
    if row.try_get::<String>("", "principal")? == "operator" {
        return Ok(Some(Standing::Operator));
    }
    let Some(store) = row.try_get("", "tenant_id")? else { return Ok(None) };
    Ok(Some(Standing::Member { store, permissions: Role::of(&row)?.permissions }))
}

fn session(family: &QueryResult, refresh_token: String) -> Result<Session, Error> {
    let principal_id = family.try_get("", "principal_id")?;
    let principal = match (family.try_get::<String>("", "principal")?.as_str(), family.try_get("", "tenant")?) {
        ("operator", None) => Principal::Operator(OperatorId::from_uuid(principal_id)),
        ("account", Some(tenant)) => Principal::Account(AccountId::from_uuid(principal_id), TenantId::from_uuid(tenant)),
        _ => return Err(Error::SessionEnded),
    };
    Ok(Session { id: family.try_get("", "family_id")?, principal, refresh_token })
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Account => "account",
        Kind::Operator => "operator",
    }
}

fn statement(sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(sea_orm::DbBackend::Postgres, sql, values)
}
