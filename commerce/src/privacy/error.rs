use std::time::Duration;

use sea_orm::DbErr;

use super::exports::AT_MOST_A_DAY;
use crate::{
    cart, checkout, customers,
    fault::{Fault, FieldFault, Kind},
    ids::{ErasureId, ExportId},
    page::CursorError,
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no erasure {0} here")]
    ErasureNotFound(ErasureId),
    /// Also one whose days are over, and another customer's.
    #[error("there is no copy {0} here")]
    ExportNotFound(ExportId),
    #[error("the copy is still being made; a mail says when it is ready")]
    ExportNotReady,
    #[error("a copy is being made already")]
    ExportOpen,
    #[error("a copy can be asked for {AT_MOST_A_DAY} times a day")]
    TooManyExports,
    #[error("it was changed since you read it; read it again and repeat your change")]
    ChangedMeanwhile,
    #[error(transparent)]
    Customer(#[from] customers::Error),
    #[error(transparent)]
    Cart(#[from] cart::Error),
    #[error(transparent)]
    Checkout(#[from] checkout::Error),
    #[error(transparent)]
    Cursor(#[from] CursorError),
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::ErasureNotFound(_) | Self::ExportNotFound(_) => Kind::NotFound,
            Self::ExportNotReady | Self::ExportOpen => Kind::Conflict,
            Self::TooManyExports => Kind::TooMany,
            Self::ChangedMeanwhile => Kind::Outdated,
            Self::Customer(error) => error.kind(),
            Self::Cart(error) => error.kind(),
            Self::Checkout(error) => error.kind(),
            Self::Cursor(error) => error.kind(),
            Self::Database(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::ErasureNotFound(_) => "privacy.erasure_not_found",
            Self::ExportNotFound(_) => "privacy.export_not_found",
            Self::ExportNotReady => "privacy.export_not_ready",
            Self::ExportOpen => "privacy.export_open",
            Self::TooManyExports => "privacy.too_many_exports",
            Self::ChangedMeanwhile => "request.changed_meanwhile",
            Self::Customer(error) => error.code(),
            Self::Cart(error) => error.code(),
            Self::Checkout(error) => error.code(),
            Self::Cursor(error) => error.code(),
            Self::Database(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Customer(error) => error.fields(),
            Self::Cart(error) => error.fields(),
            Self::Checkout(error) => error.fields(),
            Self::Cursor(error) => error.fields(),
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyExports => Some(Duration::from_hours(1)),
            Self::Customer(error) => error.retry_after(),
            Self::Cart(error) => error.retry_after(),
            Self::Checkout(error) => error.retry_after(),
            Self::Database(error) => error.retry_after(),
            _ => None,
        }
    }
}
