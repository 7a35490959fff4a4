//! Who accounts are elsewhere. Linked and taken away by who is signed in; a mail tells of both.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement, Value};
use tenancy::{AccountId, PlatformDb, PlatformTx};

use super::{Begin, Begun, Brought, Error, IdentityLinked, IdentityUnlinked, Proof, Providers, begin, finish::redeem_to_link};
use crate::{
    clock::Clock,
    fault::OnConstraint,
    identity::{self, Passwords, SignedInAs, accounts, reauthenticate::reauthenticate, sessions},
    ids::IdentityId,
    outbox,
};

pub const AT_MOST: i64 = 20;

/// How long a new way to sign in waits before it outlives a new password by mail.
pub const RECENT_HOURS: i32 = 72;

/// A way to sign in.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Identity {
    pub id: IdentityId,
    pub issuer: String,
    /// As the provider was called when it was linked.
    pub provider_name: String,
    pub created_at: DateTime<Utc>,
}

/// Those of an account, the oldest first.
///
/// # Errors
/// Postgres is away.
pub async fn list(tx: &PlatformTx, account: AccountId) -> Result<Vec<Identity>, DbErr> {
    let sql = "SELECT id, issuer, provider_name, created_at FROM account_identities WHERE account_id = $1 ORDER BY id LIMIT 100";
    Identity::find_by_statement(statement(sql, [account.into()])).all(tx).await
}

/// Begins a flow that ends in [`link`].
///
/// # Errors
/// `WrongPassword`, `SignInAgain`, `Busy`, and those of [`begin`].
pub async fn begin_to_link(
    platform: &PlatformDb,
    (passwords, providers, clock): (&Passwords, &Providers, &Clock),
    who: SignedInAs,
    password: Option<&str>,
    asked: &Begin,
) -> Result<Begun, Error> {
    reauthenticate(platform, passwords, who, password).await?;
    begin(platform, (providers, clock), asked, Some(who)).await
}

/// Adds a way to sign in.
///
/// # Errors
/// `GrantInvalid`, also for a flow that another began, or that began as a sign-in; `IdentityTaken`, `TooManyIdentities`.
pub async fn link(
    platform: &PlatformDb,
    (providers, clock): (&Providers, &Clock),
    who: SignedInAs,
    brought: &Brought,
) -> Result<Identity, Error> {
    let tx = platform.begin().await?;
    let (held, _) = lock_and_count(&tx, who.account).await?;
    let proof = redeem_to_link(&tx, providers, brought, who.account).await?;
    if held >= AT_MOST {
        return Err(Error::TooManyIdentities);
    }
    // Asked under the lock: whoever ended the session beside this has ended what it began.
    if !sessions::stands(&tx, who.session).await? {
        return Err(identity::Error::SessionEnded.into());
    }
    let linked = insert(&tx, clock, who.account, &proof).await?;
    let tx = tx.enter(who.tenant).await?;
    outbox::record(&tx, clock, &IdentityLinked { account_id: who.account, issuer: proof.issuer }).await?;
    tx.commit().await?;
    Ok(linked)
}

/// Takes a way to sign in away. Sessions that began by it go on.
///
/// # Errors
/// `IdentityNotFound`, also for another's; `LastWayIn`.
pub async fn unlink(platform: &PlatformDb, clock: &Clock, who: SignedInAs, id: IdentityId) -> Result<(), Error> {
    let tx = platform.begin().await?;
    let (count, has_password) = lock_and_count(&tx, who.account).await?;
    let sql = "DELETE FROM account_identities WHERE id = $1 AND account_id = $2 RETURNING issuer";
    let gone = tx.query_one_raw(statement(sql, [id.into(), who.account.into()])).await?.ok_or(Error::IdentityNotFound(id))?;
    if count == 1 && !has_password {
        return Err(Error::LastWayIn);
    }
    let issuer = gone.try_get("", "issuer")?;
    let tx = tx.enter(who.tenant).await?;
    outbox::record(&tx, clock, &IdentityUnlinked { account_id: who.account, issuer }).await?;
    Ok(tx.commit().await?)
}

/// Whom an identity signs in. Their account is held fast until the transaction ends.
pub(crate) async fn owner(tx: &PlatformTx, proof: &Proof) -> Result<Option<AccountId>, DbErr> {
    let Some(account) = linked(tx, proof).await? else { return Ok(None) };
    accounts::lock(tx, account).await?;
    // In a statement of its own, which sees whether who held the lock has taken the identity away, or closed the account.
    linked(tx, proof).await
}

async fn linked(tx: &PlatformTx, proof: &Proof) -> Result<Option<AccountId>, DbErr> {
    let sql = "SELECT account_id FROM account_identities WHERE issuer = $1 AND subject = $2";
    let row = tx.query_one_raw(statement(sql, [proof.issuer.clone().into(), proof.subject.clone().into()])).await?;
    row.map(|row| row.try_get("", "account_id")).transpose()
}

pub(super) async fn insert(tx: &PlatformTx, clock: &Clock, account: AccountId, proof: &Proof) -> Result<Identity, Error> {
    let Proof { issuer, subject, provider_name, .. } = proof.clone();
    let linked = Identity { id: IdentityId::new(), issuer, provider_name, created_at: clock.now() };
    let sql = "INSERT INTO account_identities (id, account_id, issuer, subject, provider_name, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    let values: [Value; 6] = [
        linked.id.into(),
        account.into(),
        linked.issuer.clone().into(),
        subject.into(),
        linked.provider_name.clone().into(),
        linked.created_at.into(),
    ];
    let made = tx.execute_raw(statement(sql, values)).await;
    made.on_constraint("account_identities_issuer_subject_key", || Error::IdentityTaken)?;
    Ok(linked)
}

/// What was linked before the address was proved goes when its owner proves it: somebody else may have registered it, and waited.
pub(crate) async fn forget_unproved(tx: &PlatformTx, account: AccountId) -> Result<(), DbErr> {
    let sql = "DELETE FROM account_identities i USING accounts a
               WHERE a.id = i.account_id AND i.account_id = $1 AND a.email_verified_at IS NULL";
    tx.execute_raw(statement(sql, [account.into()])).await.map(|_| ())
}

/// What was linked within [`RECENT_HOURS`] goes: by somebody else, as far as who takes the account back knows. An account without a
/// password keeps what it began with.
pub(crate) async fn forget_recent(tx: &PlatformTx, account: AccountId) -> Result<(), DbErr> {
    let sql = "DELETE FROM account_identities i USING accounts a
               WHERE a.id = i.account_id AND i.account_id = $1 AND i.created_at > now() - make_interval(hours => $2)
                 AND (a.password_hash IS NOT NULL OR i.created_at > a.created_at + interval '1 minute')";
    tx.execute_raw(statement(sql, [account.into(), RECENT_HOURS.into()])).await.map(|_| ())
}

/// How many identities an account has, and whether it has a password, with both held fast until the transaction ends.
async fn lock_and_count(tx: &PlatformTx, account: AccountId) -> Result<(i64, bool), Error> {
    let sql = "SELECT password_hash IS NOT NULL AS has_password FROM accounts WHERE id = $1 FOR NO KEY UPDATE";
    let row = tx.query_one_raw(statement(sql, [account.into()])).await?.ok_or(identity::Error::SessionEnded)?;
    // In a statement of its own, which sees what the last one who held the lock has done.
    let sql = "SELECT count(*) AS held FROM account_identities WHERE account_id = $1";
    let held = tx.query_one_raw(statement(sql, [account.into()])).await?.map_or(Ok(0), |row| row.try_get("", "held"))?;
    Ok((held, row.try_get("", "has_password")?))
}

fn statement(sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}
