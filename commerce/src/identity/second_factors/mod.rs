//! What somebody has beside what they know: codes of an authenticator (TOTP), and recovery codes for when it is lost.
//!
//! Promises
//! - A code works once: the time step of a code that was taken, and every one before it, is never taken again.
//! - After [`check::WRONG_AT_MOST`] wrong codes within [`check::COUNTED_MINUTES`] minutes none of that person's is looked at, from wherever
//!   they come and whichever process is asked; a recovery code works all the same, for nobody guesses one.
//! - A secret is sealed for the row that it is in; a recovery code is kept as a hash.
//! - What is turned on, turned off or used up is told by mail. Turning a factor on leaves other sessions as they are: they were
//!   begun by whoever knew the password, and what is dangerous asks all of them for the factor.
//!
//! Checks of one person take turns ([`Subject::turn`]).

pub(crate) mod challenges;
mod check;
mod events;
mod factors;
mod recovery_codes;
pub mod totp;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};
use tenancy::{AccountId, OperatorId, PlatformTx};
use uuid::Uuid;

pub use challenges::Challenge;
pub(crate) use check::{Passed, check};
pub use events::{AccountRecoveryCodeUsed, AccountRecoveryCodesReplaced, AccountSecondFactorAdded, AccountSecondFactorRemoved};
pub use factors::{Begun, Listed, Owned, confirm, enrol, list, remove, replace_recovery_codes};
pub(crate) use factors::{give, has_any, remove_all};
pub use recovery_codes::COUNT as RECOVERY_CODES;

use super::Error;
use crate::{clock::Clock, seal::Seal};

/// Whose factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Account(AccountId),
    Operator(OperatorId),
}

impl Subject {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Account(_) => "account",
            Self::Operator(_) => "operator",
        }
    }

    pub(crate) fn uuid(self) -> Uuid {
        match self {
            Self::Account(id) => id.uuid(),
            Self::Operator(id) => id.uuid(),
        }
    }

    /// Waits until nobody else checks or changes this person's factors, and says whether they may sign in at all.
    pub(crate) async fn turn(self, tx: &PlatformTx) -> Result<bool, DbErr> {
        let sql = match self {
            Self::Account(_) => "SELECT 1 FROM accounts WHERE id = $1 FOR NO KEY UPDATE",
            Self::Operator(_) => "SELECT 1 FROM operators WHERE id = $1 AND disabled_at IS NULL FOR NO KEY UPDATE",
        };
        Ok(tx.query_one_raw(statement(sql, [self.uuid().into()])).await?.is_some())
    }

    fn columns(self) -> [Value; 2] {
        [self.word().into(), self.uuid().into()]
    }
}

/// What codes are checked and secrets are kept with.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    pub seal: &'a Seal,
    pub clock: &'a Clock,
}

fn statement(sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}

/// `$1` and `$2` are the principal's columns.
async fn run<const N: usize>(tx: &PlatformTx, sql: &str, subject: Subject, values: [Value; N]) -> Result<u64, DbErr> {
    let values = subject.columns().into_iter().chain(values);
    Ok(tx.execute_raw(statement(sql, values)).await?.rows_affected())
}
