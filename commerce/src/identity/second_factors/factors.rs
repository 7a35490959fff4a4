//! Somebody's own factors: looked at, turned on, turned off.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};
use tenancy::{PlatformDb, PlatformTx};

use super::{
    AccountRecoveryCodesReplaced, AccountSecondFactorAdded, AccountSecondFactorRemoved, Error, Means, Subject,
    check::{self, check},
    recovery_codes, run, statement, totp,
};
use crate::{
    identity::{Passwords, reauthenticate::reauthenticate, sessions::SignedInAs, step_up, take_back},
    ids::SecondFactorId,
    outbox,
    text::clean_line,
};

/// How many factors somebody may have.
const AT_MOST: usize = 5;
/// How long a factor that was begun can be confirmed.
const CONFIRMED_WITHIN_MINUTES: i32 = 60;

/// A factor that works.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Listed {
    pub id: SecondFactorId,
    /// `totp`.
    pub kind: String,
    pub name: String,
    pub confirmed_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
}

/// What somebody has.
#[derive(Clone, Debug)]
pub struct Owned {
    /// The oldest first.
    pub factors: Vec<Listed>,
    pub recovery_codes_left: i64,
}

/// A factor that is to be confirmed. The secret is shown here and never again.
#[derive(Clone, Debug)]
pub struct Begun {
    pub id: SecondFactorId,
    pub secret: totp::Secret,
    /// Whose it is, as an authenticator shows it.
    pub email: String,
}

/// # Errors
/// Postgres is away.
pub async fn list(tx: &PlatformTx, subject: Subject) -> Result<Owned, DbErr> {
    let sql = "SELECT id, kind, name, confirmed_at, last_used_at FROM second_factors
               WHERE principal = $1 AND principal_id = $2 AND confirmed_at IS NOT NULL ORDER BY confirmed_at, id";
    let factors = Listed::find_by_statement(statement(sql, subject.columns())).all(tx).await?;
    Ok(Owned { factors, recovery_codes_left: recovery_codes::left(tx, subject).await? })
}

/// Whether somebody has a factor that works: then a password alone opens nothing.
pub(crate) async fn has_any(tx: &PlatformTx, subject: Subject) -> Result<bool, DbErr> {
    let sql = "SELECT 1 FROM second_factors WHERE principal = $1 AND principal_id = $2 AND confirmed_at IS NOT NULL LIMIT 1";
    Ok(tx.query_one_raw(statement(sql, subject.columns())).await?.is_some())
}

/// Begins an authenticator for an account whose address is proved: whoever proves it later owns the account, whatever a stranger has
/// put in their way. One that was begun before and not confirmed ends.
///
/// # Errors
/// `WrongPassword`, `SignInAgain`, `EmailNotProved`, `Invalid` at `/name`, `Busy`.
pub async fn enrol(
    platform: &PlatformDb,
    passwords: &Passwords,
    means: Means<'_>,
    who: SignedInAs,
    (password, name): (Option<&str>, &str),
) -> Result<Begun, Error> {
    let name = clean_line("/name", name, 60).map_err(Error::Invalid)?;
    let account = reauthenticate(platform, passwords, who, password).await?;
    if account.email_verified_at.is_none() {
        return Err(Error::EmailNotProved);
    }
    let (subject, secret) = (Subject::Account(who.account), totp::Secret::draw());
    let tx = platform.begin().await?;
    subject.turn(&tx).await?;
    let sql = "DELETE FROM second_factors WHERE principal = $1 AND principal_id = $2 AND confirmed_at IS NULL";
    run(&tx, sql, subject, []).await?;
    let id = insert(&tx, means, subject, (&name, &secret), None).await?;
    tx.commit().await?;
    Ok(Begun { id, secret, email: account.email })
}

/// Turns an authenticator on, with a code of it. Answers recovery codes where it is the first: whoever has some keeps them.
///
/// # Errors
/// `SecondFactorNotFound`: it is another's, is confirmed, or was begun too long ago; `TooManySecondFactors`, `WrongCode`, `TooManyCodes`.
pub async fn confirm(
    platform: &PlatformDb,
    means: Means<'_>,
    who: SignedInAs,
    (id, code): (SecondFactorId, &str),
) -> Result<Vec<String>, Error> {
    let (subject, tx) = (Subject::Account(who.account), platform.begin().await?);
    subject.turn(&tx).await?;
    let secret = begun(&tx, means, subject, id).await?;
    let before = list(&tx, subject).await?.factors.len();
    if before >= AT_MOST {
        return Err(Error::TooManySecondFactors);
    }
    check::count(&tx, subject).await?;
    let step = totp::digits(code).and_then(|digits| secret.step_of(&digits, means.clock.now()));
    let Some(step) = step else {
        tx.commit().await?;
        return Err(Error::WrongCode);
    };
    check::forgive(&tx, subject).await?;
    // Before the factor counts: the first one's notice brings a code in place of all that were mailed to this address before.
    take_back::end_of_address(&tx, who.account).await?;
    let take_back = take_back::code(&tx, who.account).await?;
    let sql = "UPDATE second_factors SET confirmed_at = $4, last_used_at = $4, last_step = $5 WHERE principal = $1 AND principal_id = $2 AND id = $3";
    run(&tx, sql, subject, [id.into(), means.clock.now().into(), step.into()]).await?;
    let codes = if before == 0 { recovery_codes::replace(&tx, subject).await? } else { Vec::new() };
    step_up::mark(&tx, who, true).await?;
    let tx = tx.enter(who.tenant).await?;
    outbox::record(&tx, means.clock, &AccountSecondFactorAdded { account_id: who.account, take_back }).await?;
    tx.commit().await?;
    Ok(codes)
}

/// Turns a factor off. The recovery codes end with the last.
///
/// # Errors
/// `SecondFactorNotFound`.
pub async fn remove(platform: &PlatformDb, means: Means<'_>, who: SignedInAs, id: SecondFactorId) -> Result<(), Error> {
    let (subject, tx) = (Subject::Account(who.account), platform.begin().await?);
    subject.turn(&tx).await?;
    let sql = "DELETE FROM second_factors WHERE principal = $1 AND principal_id = $2 AND id = $3 AND confirmed_at IS NOT NULL";
    if run(&tx, sql, subject, [id.into()]).await? == 0 {
        return Err(Error::SecondFactorNotFound(id));
    }
    let was_last = !has_any(&tx, subject).await?;
    if was_last {
        recovery_codes::delete(&tx, subject).await?;
    }
    let tx = tx.enter(who.tenant).await?;
    outbox::record(&tx, means.clock, &AccountSecondFactorRemoved { account_id: who.account, was_last }).await?;
    Ok(tx.commit().await?)
}

/// Makes new recovery codes, with the password and a code; the old ones end.
///
/// # Errors
/// `WrongPassword`, `SignInAgain`, `WrongCode`, also where there is no factor; `TooManyCodes`, `Busy`.
pub async fn replace_recovery_codes(
    platform: &PlatformDb,
    passwords: &Passwords,
    means: Means<'_>,
    who: SignedInAs,
    (password, code): (Option<&str>, &str),
) -> Result<Vec<String>, Error> {
    reauthenticate(platform, passwords, who, password).await?;
    let (subject, tx) = (Subject::Account(who.account), platform.begin().await?);
    subject.turn(&tx).await?;
    let (tx, _) = check(tx, means, subject, code).await?;
    let codes = recovery_codes::replace(&tx, subject).await?;
    let tx = tx.enter(who.tenant).await?;
    outbox::record(&tx, means.clock, &AccountRecoveryCodesReplaced { account_id: who.account }).await?;
    tx.commit().await?;
    Ok(codes)
}

/// Takes all that somebody has away.
pub(crate) async fn remove_all(tx: &PlatformTx, subject: Subject) -> Result<(), DbErr> {
    run(tx, "DELETE FROM second_factors WHERE principal = $1 AND principal_id = $2", subject, []).await?;
    recovery_codes::delete(tx, subject).await
}

/// Gives somebody one authenticator, turned on, and new recovery codes in place of all they had.
pub(crate) async fn give(tx: &PlatformTx, means: Means<'_>, subject: Subject, secret: &totp::Secret) -> Result<Vec<String>, DbErr> {
    run(tx, "DELETE FROM second_factors WHERE principal = $1 AND principal_id = $2", subject, []).await?;
    insert(tx, means, subject, ("Authenticator", secret), Some(means.clock.now())).await?;
    recovery_codes::replace(tx, subject).await
}

async fn insert(
    tx: &PlatformTx,
    means: Means<'_>,
    subject: Subject,
    (name, secret): (&str, &totp::Secret),
    confirmed_at: Option<DateTime<Utc>>,
) -> Result<SecondFactorId, DbErr> {
    let id = SecondFactorId::new();
    let sql = "INSERT INTO second_factors (principal, principal_id, id, kind, name, secret, created_at, confirmed_at)
               VALUES ($1, $2, $3, 'totp', $4, $5, now(), $6)";
    let values: [Value; 4] = [id.into(), name.into(), check::sealed(means, subject, id.uuid(), secret).into(), confirmed_at.into()];
    run(tx, sql, subject, values).await?;
    Ok(id)
}

async fn begun(tx: &PlatformTx, means: Means<'_>, subject: Subject, id: SecondFactorId) -> Result<totp::Secret, Error> {
    let sql = "SELECT secret FROM second_factors WHERE principal = $1 AND principal_id = $2 AND id = $3 AND confirmed_at IS NULL
               AND created_at > now() - make_interval(mins => $4)";
    let [word, of] = subject.columns();
    let row = tx.query_one_raw(statement(sql, [word, of, id.into(), CONFIRMED_WITHIN_MINUTES.into()])).await?;
    let row = row.ok_or(Error::SecondFactorNotFound(id))?;
    check::open(means, subject, id.uuid(), &row.try_get::<Vec<u8>>("", "secret")?).ok_or(Error::SecondFactorNotFound(id))
}
