use sea_orm::DbErr;

use crate::{
    fault::{Fault, FieldFault, Kind},
    money::MoneyError,
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("`to` must not lie before `from`")]
    TurnedRange,
    #[error("a report by {period} covers {max_days} days at most")]
    RangeTooLong { period: &'static str, max_days: i64 },
    #[error("the store has no settings")]
    NoStore,
    #[error("`{0}` is no time zone that this release knows")]
    UnknownTimeZone(String),
    #[error("a stored figure is no money: {0}")]
    Money(#[from] MoneyError),
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::TurnedRange | Self::RangeTooLong { .. } => Kind::Invalid,
            Self::NoStore | Self::UnknownTimeZone(_) | Self::Money(_) => Kind::Internal,
            Self::Database(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::TurnedRange => "analytics.range_turned",
            Self::RangeTooLong { .. } => "analytics.range_too_long",
            Self::NoStore => "analytics.no_store",
            Self::UnknownTimeZone(_) => "analytics.unknown_time_zone",
            Self::Money(_) => "analytics.figure_unreadable",
            Self::Database(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::TurnedRange => vec![FieldFault::new("/to", "range", self.to_string())],
            Self::RangeTooLong { .. } => vec![FieldFault::new("/from", "range", self.to_string())],
            _ => Vec::new(),
        }
    }
}
