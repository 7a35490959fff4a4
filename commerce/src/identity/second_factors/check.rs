//! Whether a code is right. The one place that asks, so that every way in counts what is guessed.

use std::time::Duration;

use sea_orm::{DbErr, FromQueryResult};
use tenancy::PlatformTx;
use uuid::Uuid;

use super::{Error, Means, Subject, recovery_codes, run, statement, totp};

/// Wrong codes of one person's authenticators, within [`COUNTED_MINUTES`].
pub const WRONG_AT_MOST: i32 = 5;
pub const COUNTED_MINUTES: i32 = 15;

/// Which code it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passed {
    Totp,
    /// How many are left after it.
    Recovery(i64),
}

impl Passed {
    pub(crate) const fn recovery_codes_left(self) -> Option<i64> {
        match self {
            Self::Totp => None,
            Self::Recovery(left) => Some(left),
        }
    }
}

/// Checks a code, in one's turn, and uses it up. A wrong one is committed, so that it counts: nothing that must not be kept may have
/// happened in `tx` before.
///
/// # Errors
/// `WrongCode`, `TooManyCodes`.
pub(crate) async fn check(tx: PlatformTx, means: Means<'_>, subject: Subject, code: &str) -> Result<(PlatformTx, Passed), Error> {
    let Some(digits) = totp::digits(code) else {
        // Eighty random bits are not guessed: they are the way in for who is locked out because somebody else has.
        let Some(left) = recovery_codes::redeem(&tx, subject, code).await? else {
            tx.commit().await?;
            return Err(Error::WrongCode);
        };
        return Ok((tx, Passed::Recovery(left)));
    };
    count(&tx, subject).await?;
    if !shown(&tx, means, subject, &digits).await? {
        tx.commit().await?;
        return Err(Error::WrongCode);
    }
    forgive(&tx, subject).await?;
    Ok((tx, Passed::Totp))
}

/// Whether an authenticator of theirs shows the digits now.
async fn shown(tx: &PlatformTx, means: Means<'_>, subject: Subject, digits: &str) -> Result<bool, Error> {
    let sql =
        "SELECT id, secret FROM second_factors WHERE principal = $1 AND principal_id = $2 AND kind = 'totp' AND confirmed_at IS NOT NULL";
    for factor in Kept::find_by_statement(statement(sql, subject.columns())).all(tx).await? {
        if use_up(tx, means, subject, factor, digits).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[derive(FromQueryResult)]
struct Kept {
    id: Uuid,
    secret: Vec<u8>,
}

/// One statement decides that nobody takes a step twice, nor one before it.
async fn use_up(tx: &PlatformTx, means: Means<'_>, subject: Subject, factor: Kept, digits: &str) -> Result<bool, DbErr> {
    let Some(secret) = open(means, subject, factor.id, &factor.secret) else { return Ok(false) };
    let Some(step) = secret.step_of(digits, means.clock.now()) else { return Ok(false) };
    let sql = "UPDATE second_factors SET last_step = $4, last_used_at = $5
               WHERE principal = $1 AND principal_id = $2 AND id = $3 AND (last_step IS NULL OR last_step < $4)";
    Ok(run(tx, sql, subject, [factor.id.into(), step.into(), means.clock.now().into()]).await? == 1)
}

/// A secret as its row keeps it.
pub(super) fn sealed(means: Means<'_>, subject: Subject, factor: Uuid, secret: &totp::Secret) -> Vec<u8> {
    means.seal.seal(&context(subject, factor), secret.bytes())
}

pub(super) fn open(means: Means<'_>, subject: Subject, factor: Uuid, sealed: &[u8]) -> Option<totp::Secret> {
    let opened = means.seal.open(&context(subject, factor), sealed);
    if opened.is_none() {
        tracing::error!(factor.id = %factor, "A second factor cannot be opened: the key that sealed it is not configured");
    }
    opened.map(totp::Secret::from_bytes)
}

fn context(subject: Subject, factor: Uuid) -> Vec<u8> {
    [b"stoa second factor\0", subject.word().as_bytes(), &subject.uuid().as_bytes()[..], factor.as_bytes()].concat()
}

/// Counts a code before it is looked at, so that many at once are no more than many one after the other.
pub(super) async fn count(tx: &PlatformTx, subject: Subject) -> Result<(), Error> {
    let sql = "INSERT INTO second_factor_guesses AS g (principal, principal_id, wrong, since) VALUES ($1, $2, 1, now())
               ON CONFLICT (principal_id, principal) DO UPDATE
               SET wrong = CASE WHEN g.since < now() - make_interval(mins => $4) THEN 1 ELSE g.wrong + 1 END,
                   since = CASE WHEN g.since < now() - make_interval(mins => $4) THEN now() ELSE g.since END
               WHERE g.wrong < $3 OR g.since < now() - make_interval(mins => $4)";
    if run(tx, sql, subject, [WRONG_AT_MOST.into(), COUNTED_MINUTES.into()]).await? == 1 {
        return Ok(());
    }
    let sql = "SELECT extract(epoch FROM since + make_interval(mins => $3) - now())::bigint AS seconds FROM second_factor_guesses
               WHERE principal = $1 AND principal_id = $2";
    let [word, id] = subject.columns();
    let waits = Waits::find_by_statement(statement(sql, [word, id, COUNTED_MINUTES.into()])).one(tx).await?;
    let seconds = waits.map_or(0, |waits| waits.seconds).max(1);
    Err(Error::TooManyCodes(Duration::from_secs(seconds.unsigned_abs())))
}

#[derive(FromQueryResult)]
struct Waits {
    seconds: i64,
}

/// A right code is no guess. Those before it stay counted: who guesses is not helped by whose account it is.
pub(super) async fn forgive(tx: &PlatformTx, subject: Subject) -> Result<(), DbErr> {
    let sql = "UPDATE second_factor_guesses SET wrong = wrong - 1 WHERE principal = $1 AND principal_id = $2 AND wrong > 0";
    run(tx, sql, subject, []).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use tenancy::AccountId;

    use super::*;
    use crate::{clock::Clock, seal::Seal};

    #[test]
    fn a_secret_opens_in_its_own_row_alone() {
        let (seal, clock) = (Seal::new(&[b"a secret of thirty-two bytes or so"]), Clock::system());
        let means = Means { seal: &seal, clock: &clock };
        let (ada, factor, secret) = (Subject::Account(AccountId::new()), Uuid::now_v7(), totp::Secret::draw());
        let kept = sealed(means, ada, factor, &secret);
        assert_eq!(open(means, ada, factor, &kept), Some(secret));
        assert_eq!(open(means, Subject::Account(AccountId::new()), factor, &kept), None);
        assert_eq!(open(means, ada, Uuid::now_v7(), &kept), None);
    }
}
