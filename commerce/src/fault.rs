//! What can go wrong, said once for every audience: a kind, a stable code, a sentence, and the fields it is about.
//! Status codes are the api's business.

use std::{error::Error, time::Duration};

use sea_orm::{DbErr, RuntimeErr, SqlErr};
use tenancy::DirectoryError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request can be read but not accepted; `fields` says where.
    Invalid,
    Unauthorized,
    Forbidden,
    NotFound,
    Conflict,
    /// The caller's copy is old (`If-Match`).
    Outdated,
    Gone,
    PaymentRequired,
    TooMany,
    TooLarge,
    /// Something Stoa needs is away; trying again later is right.
    Unavailable,
    Internal,
}

/// One wrong field: where (a JSON pointer into the request), a stable code, a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFault {
    pub pointer: String,
    pub code: &'static str,
    pub detail: String,
}

impl FieldFault {
    pub fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code, detail: detail.into() }
    }
}

/// An error that a caller may see. Its `Display` is the sentence they read.
pub trait Fault: Error + Send + Sync + 'static {
    fn kind(&self) -> Kind;

    /// `<capability>.<fact>`, stable for ever.
    fn code(&self) -> &'static str;

    fn fields(&self) -> Vec<FieldFault> {
        Vec::new()
    }

    /// What a program needs to go on, by name.
    fn members(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn retry_after(&self) -> Option<Duration> {
        None
    }
}

impl Fault for DbErr {
    fn kind(&self) -> Kind {
        if is_passing(self) { Kind::Unavailable } else { Kind::Internal }
    }

    fn code(&self) -> &'static str {
        if is_passing(self) { "database.unavailable" } else { "database.failed" }
    }

    fn retry_after(&self) -> Option<Duration> {
        is_passing(self).then_some(Duration::from_secs(1))
    }
}

/// Whether the same work may succeed when it is done again: the connection was lost or could not be had, a lock was not
/// got in time, Postgres chose this transaction to end a deadlock, or it is shutting down or starting.
pub fn is_passing(error: &DbErr) -> bool {
    let (DbErr::Conn(RuntimeErr::SqlxError(cause))
    | DbErr::Exec(RuntimeErr::SqlxError(cause))
    | DbErr::Query(RuntimeErr::SqlxError(cause))) = error
    else {
        return matches!(error, DbErr::ConnectionAcquire(_));
    };
    match cause.as_ref() {
        sea_orm::SqlxError::Io(_)
        | sea_orm::SqlxError::PoolTimedOut
        | sea_orm::SqlxError::PoolClosed
        | sea_orm::SqlxError::WorkerCrashed => true,
        sea_orm::SqlxError::Database(answer) => answer.code().is_some_and(|code| {
            // Classes 08 (connection), 53 (resources), 57 (operator intervention); serialization, deadlock, lock timeout.
            ["08", "53", "57"].iter().any(|class| code.starts_with(class)) || ["40001", "40P01", "55P03"].contains(&code.as_ref())
        }),
        _ => false,
    }
}

impl Fault for DirectoryError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unknown => Kind::NotFound,
            Self::Database(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "tenancy.store_not_found",
            Self::Database(error) => error.code(),
        }
    }
}

/// Lets the database decide and names the fact afterwards.
pub trait OnConstraint<T> {
    /// Turns the violation of the constraint `name` into `fault`; other errors pass unchanged.
    fn on_constraint<E: From<DbErr>>(self, name: &str, fault: impl FnOnce() -> E) -> Result<T, E>;
}

impl<T> OnConstraint<T> for Result<T, DbErr> {
    fn on_constraint<E: From<DbErr>>(self, name: &str, fault: impl FnOnce() -> E) -> Result<T, E> {
        self.map_err(|error| if violated(&error).as_deref() == Some(name) { fault() } else { error.into() })
    }
}

/// The name of the constraint that a statement violated, if it did.
pub fn violated(error: &DbErr) -> Option<String> {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) = error else { return None };
    cause.as_database_error()?.constraint().map(str::to_owned)
}

/// Whether any unique key was violated.
pub fn is_duplicate(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}
