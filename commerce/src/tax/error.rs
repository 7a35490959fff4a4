use sea_orm::DbErr;

use crate::fault::{Fault, FieldFault, Kind};
use crate::ids::TaxRateId;
use crate::page::CursorError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no tax rate {0} in this store")]
    RateNotFound(TaxRateId),
    #[error("{country} already has a rate for the class `{tax_class}`")]
    RateTaken { country: String, tax_class: String },
    #[error("the tax rate is not valid")]
    Invalid(Vec<FieldFault>),
    #[error(transparent)]
    Cursor(#[from] CursorError),
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::RateNotFound(_) => Kind::NotFound,
            Self::RateTaken { .. } => Kind::Conflict,
            Self::Invalid(_) => Kind::Invalid,
            Self::Cursor(error) => error.kind(),
            Self::Database(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::RateNotFound(_) => "tax.rate_not_found",
            Self::RateTaken { .. } => "tax.rate_taken",
            Self::Invalid(_) => "tax.invalid",
            Self::Cursor(error) => error.code(),
            Self::Database(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Invalid(faults) => faults.clone(),
            Self::Cursor(error) => error.fields(),
            _ => Vec::new(),
        }
    }
}
