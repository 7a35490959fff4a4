//! What is dangerous asks for more than a session that somebody left open: that whoever has it has proved who they are within the last
//! ten minutes; accounts that have a second factor, with that. A sign-in is such a proof, and so is [`step_up`].

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use tenancy::{PlatformDb, PlatformTx};

use super::{
    Error, Passwords, accounts,
    second_factors::{AccountRecoveryCodeUsed, Means, Subject, check, has_any},
    sessions::SignedInAs,
};
use crate::{fault::FieldFault, outbox};

/// How long a proof counts.
pub const FRESH_MINUTES: i32 = 10;

/// What else stands in the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    Nothing,
    /// The password is asked for too, and proves who has no second factor.
    Password,
}

/// That a session was proved lately.
///
/// # Errors
/// `StepUpRequired`, `SessionEnded`.
pub async fn demand(tx: &PlatformTx, who: SignedInAs, beside: Beside) -> Result<(), Error> {
    let sql = "SELECT coalesce(CASE WHEN f.has_any THEN s.second_factor_at WHEN $3 THEN now() ELSE s.proved_at END
                 > now() - make_interval(mins => $4), false) AS is_fresh
               FROM refresh_tokens s CROSS JOIN (SELECT EXISTS (SELECT FROM second_factors
                 WHERE principal = 'account' AND principal_id = $2 AND confirmed_at IS NOT NULL) AS has_any) f
               WHERE s.family_id = $1 AND s.principal_id = $2 AND s.used_at IS NULL AND s.revoked_at IS NULL AND s.expires_at > now()";
    let values: [Value; 4] = [who.session.into(), who.account.into(), (beside == Beside::Password).into(), FRESH_MINUTES.into()];
    match Fresh::find_by_statement(statement(sql, values)).one(tx).await? {
        Some(Fresh { is_fresh: true }) => Ok(()),
        Some(_) => Err(Error::StepUpRequired),
        None => Err(Error::SessionEnded),
    }
}

#[derive(FromQueryResult)]
struct Fresh {
    is_fresh: bool,
}

/// A proof that counts for a while.
#[derive(Clone, Copy, Debug)]
pub struct SteppedUp {
    pub until: DateTime<Utc>,
    /// When one was used.
    pub recovery_codes_left: Option<i64>,
}

/// Proves anew who has a session: with a code where the account has a second factor, else with the password.
///
/// # Errors
/// `Invalid` at the field that is missing, `WrongPassword`, `WrongCode`, `TooManyCodes`, `SessionEnded`, `Busy`; `SignInAgain` for who has
/// neither password nor second factor.
pub async fn step_up(
    platform: &PlatformDb,
    passwords: &Passwords,
    means: Means<'_>,
    who: SignedInAs,
    (password, code): (Option<&str>, Option<&str>),
) -> Result<SteppedUp, Error> {
    let required = |pointer, detail: &str| Error::Invalid(FieldFault::new(pointer, "required", detail));
    let (subject, tx) = (Subject::Account(who.account), platform.begin().await?);
    let account = accounts::find(&tx, who.account).await?;
    if has_any(&tx, subject).await? {
        let code = code.ok_or_else(|| required("/code", "this account has a second factor: a code of it is asked for"))?;
        subject.turn(&tx).await?;
        let (tx, passed) = check(tx, means, subject, code).await?;
        let until = mark(&tx, who, true).await?;
        let tx = tx.enter(who.tenant).await?;
        if let Some(left) = passed.recovery_codes_left() {
            outbox::record(&tx, means.clock, &AccountRecoveryCodeUsed { account_id: who.account, left }).await?;
        }
        tx.commit().await?;
        return Ok(SteppedUp { until, recovery_codes_left: passed.recovery_codes_left() });
    }
    if account.password_hash.is_none() {
        return Err(Error::SignInAgain);
    }
    drop(tx);
    let password = password.ok_or_else(|| required("/current_password", "the account's password is asked for"))?;
    if !passwords.fit(password, account.password_hash).await? {
        return Err(Error::WrongPassword);
    }
    let tx = platform.begin().await?;
    let until = mark(&tx, who, false).await?;
    tx.commit().await?;
    Ok(SteppedUp { until, recovery_codes_left: None })
}

/// Notes that the session was proved now, and says until when that counts. A refresh that is on its way may just have made another
/// tip: asked again, that is it.
pub(super) async fn mark(tx: &PlatformTx, who: SignedInAs, by_second_factor: bool) -> Result<DateTime<Utc>, Error> {
    let sql = "UPDATE refresh_tokens SET proved_at = now(), second_factor_at = CASE WHEN $3 THEN now() ELSE second_factor_at END
               WHERE family_id = $1 AND principal_id = $2 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > now()
               RETURNING now() + make_interval(mins => $4) AS until";
    for _ in 0..3 {
        let values: [Value; 4] = [who.session.into(), who.account.into(), by_second_factor.into(), FRESH_MINUTES.into()];
        if let Some(row) = tx.query_one_raw(statement(sql, values)).await? {
            return Ok(row.try_get("", "until")?);
        }
    }
    Err(Error::SessionEnded)
}

fn statement(sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(sea_orm::DbBackend::Postgres, sql, values)
}
