use sea_orm::DbErr;
use tenancy::PlatformTx;
use uuid::Uuid;

use super::{
    Error,
    second_factors::{Means, Passed, Subject, check, has_any},
    sessions::SignedInAs,
};

/// That somebody has proved all that they must to be given a session: the one thing that begins sessions, and made by the functions
/// below alone.
#[derive(Debug)]
pub(crate) struct Proof {
    subject: Subject,
    how: How,
}

#[derive(Clone, Copy, Debug)]
enum How {
    FirstFactor,
    SecondFactor(Passed),
    /// By what another session was proved with, when that was.
    Session(Uuid),
}

impl Proof {
    /// By a password, or what stands in for one, which the caller has checked; none where that is not enough.
    ///
    /// # Errors
    /// Postgres is away.
    pub(crate) async fn of_first_factor(tx: &PlatformTx, subject: Subject) -> Result<Option<Self>, DbErr> {
        Ok((!has_any(tx, subject).await?).then_some(Self { subject, how: How::FirstFactor }))
    }

    /// By a code, after a first factor that was checked. A wrong one is committed; see [`check`].
    ///
    /// # Errors
    /// `WrongCode`, also where there is no second factor; `TooManyCodes`.
    pub(crate) async fn of_second_factor(
        tx: PlatformTx,
        means: Means<'_>,
        subject: Subject,
        code: &str,
    ) -> Result<(PlatformTx, Self), Error> {
        let (tx, passed) = check(tx, means, subject, code).await?;
        Ok((tx, Self { subject, how: How::SecondFactor(passed) }))
    }

    /// By a password that was checked and, where that is not enough, the code that came with it.
    ///
    /// # Errors
    /// `SecondFactorRequired` without a challenge, `WrongCode`, `TooManyCodes`.
    pub(crate) async fn in_one_request(
        tx: PlatformTx,
        means: Means<'_>,
        subject: Subject,
        code: Option<&str>,
    ) -> Result<(PlatformTx, Self), Error> {
        if let Some(proof) = Self::of_first_factor(&tx, subject).await? {
            return Ok((tx, proof));
        }
        subject.turn(&tx).await?;
        Self::of_second_factor(tx, means, subject, code.ok_or(Error::SecondFactorRequired(None))?).await
    }

    /// By whoever is signed in already.
    pub(crate) const fn of_session(who: SignedInAs) -> Self {
        Self { subject: Subject::Account(who.account), how: How::Session(who.session) }
    }

    pub(super) const fn subject(&self) -> Subject {
        self.subject
    }

    pub(super) const fn has_second_factor(&self) -> bool {
        matches!(self.how, How::SecondFactor(_))
    }

    pub(super) const fn session(&self) -> Option<Uuid> {
        match self.how {
            How::Session(id) => Some(id),
            _ => None,
        }
    }

    /// How many are left, when one was used.
    pub(crate) const fn recovery_codes_left(&self) -> Option<i64> {
        match self.how {
            How::SecondFactor(passed) => passed.recovery_codes_left(),
            _ => None,
        }
    }
}
