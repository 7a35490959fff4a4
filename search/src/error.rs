//! What can go wrong when something is searched or indexed.

use std::time::Duration;

use commerce::fault::{Fault, FieldFault, Kind};
use sea_orm::DbErr;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The search engine gave no answer in time. Browsing and buying go on without it; the same call may be made again.
    #[error("search is away for a moment; try again")]
    Unavailable(#[source] Cause),
    /// The search engine answered that it will not do what it was asked: a bug, or an engine that is set up wrong.
    #[error("the search engine refused: {code}: {message}")]
    Refused { code: String, message: String },
    /// The products were changed faster than they could be indexed. Nothing is wrong; try again.
    #[error("the products kept changing while they were indexed")]
    Unsettled,
    #[error("the query cannot be answered")]
    Invalid(Vec<FieldFault>),
    /// The configuration names an engine that cannot be called.
    #[error("search is configured wrongly: {0}")]
    Misconfigured(String),
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// Why an engine is away; for the log, not for callers.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

impl Error {
    pub(crate) fn unreadable(error: &serde_json::Error) -> Self {
        Self::Refused { code: "unreadable_answer".into(), message: error.to_string() }
    }
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Unavailable(_) | Self::Unsettled => Kind::Unavailable,
            Self::Invalid(_) => Kind::Invalid,
            Self::Refused { .. } | Self::Misconfigured(_) => Kind::Internal,
            Self::Database(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "search.unavailable",
            Self::Unsettled => "search.unsettled",
            Self::Invalid(_) => "search.query_invalid",
            Self::Refused { .. } => "search.refused",
            Self::Misconfigured(_) => "search.misconfigured",
            Self::Database(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        if let Self::Invalid(fields) = self { fields.clone() } else { Vec::new() }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable(_) | Self::Unsettled => Some(Duration::from_secs(2)),
            Self::Database(error) => error.retry_after(),
            _ => None,
        }
    }
}
