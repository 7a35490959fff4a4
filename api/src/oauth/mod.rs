//! Signing in by other providers, as clients and browsers see it: the same for accounts and for customers.

mod callback;

pub(crate) use callback::router;

use chrono::{DateTime, Utc};
use commerce::{
    identity::oauth::{self, Kind, identities},
    ids::IdentityId,
};
use salvo::oapi::ToSchema;
use serde::{Deserialize, Serialize};

use crate::json::Id;

/// A provider to sign in by.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Provider {
    /// As flows name it.
    #[salvo(schema(example = "google"))]
    id: String,
    /// As people read it.
    name: String,
    /// `oidc`, `github` or `apple`.
    kind: &'static str,
}

/// How a code challenge is made: nothing but `S256` is taken.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
pub(crate) enum ChallengeMethod {
    S256,
}

/// Which provider to go to, and how to come back.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    /// One of those that are listed.
    #[garde(length(max = 64))]
    #[salvo(schema(max_length = 64))]
    provider: String,
    /// Where the browser comes back to: one of the registered addresses, letter by letter. It comes with `?grant=…`, or with
    /// `?error=…`: `access_denied`, `provider_unavailable` or `identity_unproved`.
    #[garde(length(max = 500))]
    #[salvo(schema(max_length = 500))]
    return_to: String,
    /// The SHA-256 of a random text that the client keeps (RFC 7636), in base64url without padding.
    #[garde(length(max = 100))]
    #[salvo(schema(min_length = 43, max_length = 43))]
    code_challenge: String,
    #[garde(skip)]
    code_challenge_method: ChallengeMethod,
}

/// Which provider to link, and how to come back.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeginLink {
    /// One of those that are listed.
    #[garde(length(max = 64))]
    #[salvo(schema(max_length = 64))]
    provider: String,
    /// As when signing in.
    #[garde(length(max = 500))]
    #[salvo(schema(max_length = 500))]
    return_to: String,
    /// As when signing in.
    #[garde(length(max = 100))]
    #[salvo(schema(min_length = 43, max_length = 43))]
    code_challenge: String,
    #[garde(skip)]
    code_challenge_method: ChallengeMethod,
    /// Needed by who has a password. Who has none must have signed in within the last ten minutes.
    #[garde(inner(length(max = 200)))]
    #[salvo(schema(max_length = 200))]
    pub(crate) current_password: Option<String>,
}

/// Where to send the browser.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Begun {
    authorization_url: String,
    /// The browser must be back by then.
    expires_at: DateTime<Utc>,
}

/// What the browser came back with, and the secret that the flow began with.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct Brought {
    /// Works once, within two minutes.
    #[garde(length(max = 100))]
    #[salvo(schema(max_length = 100))]
    pub(crate) grant: String,
    /// The text whose challenge the flow began with.
    #[garde(length(max = 128))]
    #[salvo(schema(min_length = 43, max_length = 128))]
    pub(crate) code_verifier: String,
}

/// A way to sign in beside the password.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Identity {
    id: Id<IdentityId>,
    /// Whose word it is.
    #[salvo(schema(example = "https://accounts.google.com"))]
    issuer: String,
    /// As the provider was called when it was linked.
    provider_name: String,
    created_at: DateTime<Utc>,
}

impl Provider {
    pub(crate) fn new(id: impl Into<String>, name: impl Into<String>, kind: Kind) -> Self {
        Self { id: id.into(), name: name.into(), kind: kind.as_str() }
    }
}

impl From<&oauth::Provider> for Provider {
    fn from(provider: &oauth::Provider) -> Self {
        Self::new(&provider.id, &provider.name, provider.kind)
    }
}

impl From<Begin> for oauth::Begin {
    fn from(asked: Begin) -> Self {
        let ChallengeMethod::S256 = asked.code_challenge_method;
        Self { provider: asked.provider, return_to: asked.return_to, challenge: asked.code_challenge }
    }
}

impl BeginLink {
    /// The password that was said, and the flow to begin.
    pub(crate) fn into_parts(self) -> (Option<String>, oauth::Begin) {
        let ChallengeMethod::S256 = self.code_challenge_method;
        (self.current_password, oauth::Begin { provider: self.provider, return_to: self.return_to, challenge: self.code_challenge })
    }
}

impl From<oauth::Begun> for Begun {
    fn from(begun: oauth::Begun) -> Self {
        Self { authorization_url: begun.authorization_url, expires_at: begun.expires_at }
    }
}

impl From<Brought> for oauth::Brought {
    fn from(brought: Brought) -> Self {
        Self { grant: brought.grant, verifier: brought.code_verifier }
    }
}

impl From<identities::Identity> for Identity {
    fn from(linked: identities::Identity) -> Self {
        Self { id: linked.id.into(), issuer: linked.issuer, provider_name: linked.provider_name, created_at: linked.created_at }
    }
}
