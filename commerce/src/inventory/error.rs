//! Why an inventory operation was refused.

use sea_orm::DbErr;

use crate::{
    fault::{Fault, FieldFault, Kind},
    ids::{LocationId, StockLevelId},
    page::CursorError,
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no location {0}")]
    LocationNotFound(LocationId),
    #[error("there is no stock level {0}")]
    LevelNotFound(StockLevelId),
    #[error("the store has no default location")]
    NoDefaultLocation,
    /// The change would leave fewer units than are reserved, on a level that refuses backorders.
    #[error("stock level {0} would hold fewer units than are reserved")]
    BelowReserved(StockLevelId),
    #[error("{} of the fields given are not right", .0.len())]
    Invalid(Vec<FieldFault>),
    #[error(transparent)]
    Cursor(#[from] CursorError),
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::LocationNotFound(_) | Self::LevelNotFound(_) => Kind::NotFound,
            Self::NoDefaultLocation | Self::BelowReserved(_) => Kind::Conflict,
            Self::Invalid(_) => Kind::Invalid,
            Self::Cursor(error) => error.kind(),
            Self::Database(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::LocationNotFound(_) => "inventory.location_not_found",
            Self::LevelNotFound(_) => "inventory.level_not_found",
            Self::NoDefaultLocation => "inventory.no_default_location",
            Self::BelowReserved(_) => "inventory.below_reserved",
            Self::Invalid(_) => "inventory.invalid",
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
