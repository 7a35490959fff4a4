use std::time::Duration;

use sea_orm::DbErr;

use super::{identities, return_urls, store_providers};
use crate::{
    fault::{Fault, FieldFault, Kind},
    identity,
    ids::{IdentityId, IdentityProviderId, ReturnUrlId},
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("nobody signs in here by such a provider")]
    UnknownProvider,
    #[error("the address is not one of those that are registered, letter by letter")]
    UnknownReturnUrl,
    #[error("the provider cannot be reached now")]
    ProviderUnavailable,
    /// Unknown, used or expired.
    #[error("the browser came back from nowhere it was sent, or came back twice: begin again")]
    StateInvalid,
    /// The same for one that was never given, was used, has expired, was given for something else, or came without its secret.
    #[error("the grant does not work: it was used, has expired, or was given for something else; begin again")]
    GrantInvalid,
    #[error("nobody signs in this way yet: sign in another way and link it, or open an account with it")]
    IdentityUnknown,
    #[error("the address that the provider has proved has an account: sign in to it another way and link this one")]
    LinkFirst,
    #[error("the provider has not proved an address: open an account another way, and link this one to it")]
    EmailUnproved,
    #[error("this identity signs somebody in already")]
    IdentityTaken,
    #[error("an account has at most {} ways to sign in beside its password", identities::AT_MOST)]
    TooManyIdentities,
    #[error("this is the last way to sign in: set a password first, or link another")]
    LastWayIn,
    #[error("there is no identity {0}")]
    IdentityNotFound(IdentityId),
    #[error("there is no identity provider {0} here")]
    ProviderNotFound(IdentityProviderId),
    #[error("a store has at most {} identity providers", store_providers::AT_MOST)]
    TooManyProviders,
    #[error("there is no return address {0} here")]
    ReturnUrlNotFound(ReturnUrlId),
    #[error("this address is registered already")]
    ReturnUrlTaken,
    #[error("a store registers at most {} addresses", return_urls::AT_MOST)]
    TooManyReturnUrls,
    #[error("the request is not valid")]
    Invalid(Vec<FieldFault>),
    #[error(transparent)]
    Identity(#[from] identity::Error),
    #[error("a provider's secret cannot be opened: the key that sealed it is gone")]
    Sealed,
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::UnknownProvider | Self::UnknownReturnUrl | Self::StateInvalid | Self::GrantInvalid | Self::Invalid(_) => Kind::Invalid,
            Self::ProviderUnavailable => Kind::Unavailable,
            Self::IdentityUnknown
            | Self::LinkFirst
            | Self::EmailUnproved
            | Self::IdentityTaken
            | Self::TooManyIdentities
            | Self::LastWayIn
            | Self::TooManyProviders
            | Self::ReturnUrlTaken
            | Self::TooManyReturnUrls => Kind::Conflict,
            Self::IdentityNotFound(_) | Self::ProviderNotFound(_) | Self::ReturnUrlNotFound(_) => Kind::NotFound,
            Self::Identity(error) => error.kind(),
            Self::Sealed => Kind::Internal,
            Self::Database(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::UnknownProvider => "identity.unknown_provider",
            Self::UnknownReturnUrl => "identity.unknown_return_url",
            Self::ProviderUnavailable => "identity.provider_unavailable",
            Self::StateInvalid => "identity.state_invalid",
            Self::GrantInvalid => "identity.grant_invalid",
            Self::IdentityUnknown => "identity.identity_unknown",
            Self::LinkFirst => "identity.link_first",
            Self::EmailUnproved => "identity.email_unproved",
            Self::IdentityTaken => "identity.identity_taken",
            Self::TooManyIdentities => "identity.too_many_identities",
            Self::LastWayIn => "identity.last_way_in",
            Self::IdentityNotFound(_) => "identity.identity_not_found",
            Self::ProviderNotFound(_) => "identity.provider_not_found",
            Self::TooManyProviders => "identity.too_many_providers",
            Self::ReturnUrlNotFound(_) => "identity.return_url_not_found",
            Self::ReturnUrlTaken => "identity.return_url_taken",
            Self::TooManyReturnUrls => "identity.too_many_return_urls",
            Self::Invalid(_) => "identity.invalid",
            Self::Identity(error) => error.code(),
            Self::Sealed => "identity.seal_failed",
            Self::Database(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        let at = |pointer: &str, code| vec![FieldFault::new(pointer, code, self.to_string())];
        match self {
            Self::UnknownProvider => at("/provider", "unknown_word"),
            Self::UnknownReturnUrl => at("/return_to", "not_registered"),
            Self::GrantInvalid => at("/grant", "invalid"),
            Self::Invalid(faults) => faults.clone(),
            Self::Identity(error) => error.fields(),
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
            Self::ProviderUnavailable => Some(Duration::from_secs(10)),
            Self::Identity(error) => error.retry_after(),
            Self::Database(error) => error.retry_after(),
            _ => None,
        }
    }
}
