use std::time::Duration;

use sea_orm::DbErr;

use crate::{
    fault::{Fault, FieldFault, Kind},
    identity::{self, oauth},
    ids::{SupportSessionId, TenantId},
    page::CursorError,
    shipping, tax,
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the fields are not valid")]
    Invalid(Vec<FieldFault>),
    #[error("the name `{0}` is taken")]
    SlugTaken(String),
    #[error("there is no store {0}")]
    NotFound(TenantId),
    #[error("there is no support session {0}")]
    SupportSessionNotFound(SupportSessionId),
    #[error("the settings were changed meanwhile")]
    ChangedMeanwhile,
    #[error("the store is suspended already")]
    AlreadySuspended,
    #[error("the store is active already")]
    AlreadyActive,
    #[error(transparent)]
    Cursor(#[from] CursorError),
    #[error(transparent)]
    Identity(#[from] identity::Error),
    #[error(transparent)]
    OAuth(#[from] oauth::Error),
    #[error(transparent)]
    Tax(#[from] tax::Error),
    #[error(transparent)]
    Shipping(#[from] shipping::Error),
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Invalid(_) => Kind::Invalid,
            Self::SlugTaken(_) | Self::AlreadySuspended | Self::AlreadyActive => Kind::Conflict,
            Self::NotFound(_) | Self::SupportSessionNotFound(_) => Kind::NotFound,
            Self::ChangedMeanwhile => Kind::Outdated,
            Self::Cursor(error) => error.kind(),
            Self::Identity(error) => error.kind(),
            Self::OAuth(error) => error.kind(),
            Self::Tax(error) => error.kind(),
            Self::Shipping(error) => error.kind(),
            Self::Database(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "stores.invalid",
            Self::SlugTaken(_) => "stores.slug_taken",
            Self::NotFound(_) => "stores.not_found",
            Self::SupportSessionNotFound(_) => "stores.support_session_not_found",
            Self::ChangedMeanwhile => "stores.changed_meanwhile",
            Self::AlreadySuspended => "stores.already_suspended",
            Self::AlreadyActive => "stores.already_active",
            Self::Cursor(error) => error.code(),
            Self::Identity(error) => error.code(),
            Self::OAuth(error) => error.code(),
            Self::Tax(error) => error.code(),
            Self::Shipping(error) => error.code(),
            Self::Database(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Invalid(faults) => faults.clone(),
            Self::SlugTaken(_) => vec![FieldFault::new("/slug", "taken", self.to_string())],
            Self::Cursor(error) => error.fields(),
            Self::Identity(error) => error.fields(),
            Self::OAuth(error) => error.fields(),
            Self::Tax(error) => error.fields(),
            Self::Shipping(error) => error.fields(),
            _ => Vec::new(),
        }
    }

    fn members(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Identity(error) => error.members(),
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Identity(error) => error.retry_after(),
            Self::OAuth(error) => error.retry_after(),
            Self::Tax(error) => error.retry_after(),
            Self::Shipping(error) => error.retry_after(),
            Self::Database(error) => error.retry_after(),
            _ => None,
        }
    }
}
