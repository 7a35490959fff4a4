use std::time::Duration;

use sea_orm::DbErr;
use tenancy::Permission;

use super::passwords::{PASSWORD_MAX, PASSWORD_MIN};
use crate::{
    fault::{Fault, FieldFault, Kind},
    ids::ApiKeyId,
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The same for an unknown e-mail and a wrong password.
    #[error("e-mail and password do not fit")]
    WrongCredentials,
    #[error("the password is not the account's")]
    WrongPassword,
    #[error("this account works in several stores: name one of them as `store`")]
    SeveralStores,
    #[error("this account works in no such store")]
    NoSuchStore,
    #[error("the session has ended; sign in again")]
    SessionEnded,
    #[error("there is no such session")]
    SessionNotFound,
    /// The same for one that was never sent, was used, or has expired.
    #[error("the code does not work: it was used, has expired, or is mistyped; ask for a new one")]
    CodeInvalid,
    #[error("another account has this address")]
    EmailTaken,
    #[error("this address is proved already")]
    AlreadyVerified,
    #[error("a password has {PASSWORD_MIN} to {PASSWORD_MAX} characters and is not the e-mail address")]
    UnfitPassword,
    #[error("{} is not valid", .0.pointer)]
    Invalid(FieldFault),
    #[error("there is no key {0}")]
    KeyNotFound(ApiKeyId),
    #[error("you cannot give a key the permission `{0}`: you do not have it")]
    NotYours(Permission),
    #[error("a secret key needs at least one scope, a publishable key has none")]
    ScopesDoNotFit,
    /// More sign-ins than the machine can check at once.
    #[error("too many passwords are being checked")]
    Busy,
    #[error("a password could not be hashed: {0}")]
    Hash(String),
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::WrongCredentials | Self::SessionEnded => Kind::Unauthorized,
            Self::WrongPassword
            | Self::CodeInvalid
            | Self::SeveralStores
            | Self::UnfitPassword
            | Self::Invalid(_)
            | Self::ScopesDoNotFit => Kind::Invalid,
            Self::NoSuchStore | Self::NotYours(_) => Kind::Forbidden,
            Self::KeyNotFound(_) | Self::SessionNotFound => Kind::NotFound,
            Self::EmailTaken | Self::AlreadyVerified => Kind::Conflict,
            Self::Busy => Kind::Unavailable,
            Self::Hash(_) => Kind::Internal,
            Self::Database(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::WrongCredentials => "identity.wrong_credentials",
            Self::WrongPassword => "identity.wrong_password",
            Self::SeveralStores => "identity.several_stores",
            Self::NoSuchStore => "identity.no_such_store",
            Self::SessionEnded => "identity.session_ended",
            Self::SessionNotFound => "identity.session_not_found",
            Self::CodeInvalid => "identity.code_invalid",
            Self::EmailTaken => "identity.email_taken",
            Self::AlreadyVerified => "identity.already_verified",
            Self::UnfitPassword => "identity.unfit_password",
            Self::Invalid(_) => "identity.invalid",
            Self::KeyNotFound(_) => "identity.key_not_found",
            Self::NotYours(_) => "identity.permission_not_yours",
            Self::ScopesDoNotFit => "identity.scopes_do_not_fit",
            Self::Busy => "identity.busy",
            Self::Hash(_) => "identity.hash_failed",
            Self::Database(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        let at = |pointer: &str, code| vec![FieldFault::new(pointer, code, self.to_string())];
        match self {
            Self::WrongPassword => at("/current_password", "wrong"),
            Self::SeveralStores => at("/store", "required"),
            Self::UnfitPassword => at("/password", "unfit"),
            Self::CodeInvalid => at("/code", "invalid"),
            Self::ScopesDoNotFit => at("/scopes", "do_not_fit"),
            Self::Invalid(fault) => vec![fault.clone()],
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy => Some(Duration::from_secs(2)),
            Self::Database(error) => error.retry_after(),
            _ => None,
        }
    }
}
