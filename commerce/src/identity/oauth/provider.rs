//! A provider, as it was described: by the platform's configuration or by a store.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::apple::AppleKey;
use crate::{
    fault::FieldFault,
    outside::{self, Outside, Reach},
    text::clean_line,
};

const GITHUB: &str = "https://github.com";
const GITHUB_API: &str = "https://api.github.com";
const APPLE: &str = "https://appleid.apple.com";

const ISSUER_MAX: usize = 500;
const SECRET_MAX: usize = 4096;
const SCOPES_MAX: usize = 20;
const SCOPE_MAX: usize = 100;

/// How a provider is talked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// OpenID Connect with discovery: Google, Microsoft (one tenant), Okta, Keycloak, …
    Oidc,
    /// OAuth 2.0 and GitHub's own API.
    Github,
    /// OpenID Connect, with a client secret that is signed and an answer that is posted.
    Apple,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Oidc, Self::Github, Self::Apple];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oidc => "oidc",
            Self::Github => "github",
            Self::Apple => "apple",
        }
    }

    /// Of a kind that one house alone offers.
    pub(super) const fn issuer(self) -> Option<&'static str> {
        match self {
            Self::Oidc => None,
            Self::Github => Some(GITHUB),
            Self::Apple => Some(APPLE),
        }
    }

    const fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::Oidc => &["openid", "email", "profile"],
            Self::Github => &["read:user", "user:email"],
            Self::Apple => &["openid", "email", "name"],
        }
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// What somebody says of a provider. Nothing of it is checked yet.
#[derive(Clone)]
pub struct Described {
    pub name: String,
    pub kind: Kind,
    /// Of `oidc`; elsewhere known.
    pub issuer: Option<String>,
    pub client_id: String,
    /// Of `apple` the private key that signs it, in PEM.
    pub client_secret: String,
    pub team_id: Option<String>,
    pub key_id: Option<String>,
    /// The kind's own when there are none.
    pub scopes: Vec<String>,
    /// Where GitHub's API is, for an installation of one's own.
    pub api_url: Option<String>,
}

/// Secrets never show themselves in logs.
impl fmt::Debug for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Described({} {})", self.kind.as_str(), self.name)
    }
}

/// A provider that can be talked to.
#[derive(Clone)]
pub struct Provider {
    /// As clients name it: a word of the configuration, or `idp_…` of a store.
    pub id: String,
    pub name: String,
    pub kind: Kind,
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) credential: Credential,
    pub(super) scopes: Vec<String>,
    pub(super) api_url: String,
    pub(super) reach: Reach,
}

#[derive(Clone)]
pub(super) enum Credential {
    Secret(String),
    Apple(AppleKey),
}

impl Provider {
    /// # Errors
    /// Every field that is wrong.
    pub(super) fn new(id: String, described: Described, outside: &Outside, reach: Reach) -> Result<Self, Vec<FieldFault>> {
        let Described { name, kind, issuer, client_id, client_secret, team_id, key_id, scopes, api_url } = described;
        let mut faults = Vec::new();
        let mut note = |fault: FieldFault| faults.push(fault);
        let name = clean_line("/name", &name, 60).map_err(&mut note).unwrap_or_default();
        let client_id = clean_line("/client_id", &client_id, 255).map_err(&mut note).unwrap_or_default();
        let issuer = issuer.or_else(|| kind.issuer().map(str::to_owned)).unwrap_or_else(|| {
            note(FieldFault::new("/issuer", "required", "a provider of kind `oidc` needs one"));
            String::new()
        });
        if !issuer.is_empty() {
            check_issuer("/issuer", &issuer, outside, reach).unwrap_or_else(&mut note);
        }
        let api_url = api_url.unwrap_or_else(|| GITHUB_API.to_owned());
        check_issuer("/api_url", &api_url, outside, reach).unwrap_or_else(&mut note);
        let credential = credential(kind, (&client_id, &client_secret), (team_id, key_id), &mut note);
        let scopes = checked_scopes(kind, scopes, &mut note);
        match credential {
            Some(credential) if faults.is_empty() => Ok(Self { id, name, kind, issuer, client_id, credential, scopes, api_url, reach }),
            _ => Err(faults),
        }
    }

    pub(super) fn speaks_openid(&self) -> bool {
        self.kind != Kind::Github
    }
}

/// A plain address, without a query; what is not there yet need not answer.
fn check_issuer(pointer: &str, issuer: &str, outside: &Outside, reach: Reach) -> Result<(), FieldFault> {
    if issuer.len() > ISSUER_MAX {
        return Err(FieldFault::new(pointer, "too_long", format!("must have at most {ISSUER_MAX} characters")));
    }
    match outside.judge(reach, issuer) {
        Ok(url) if url.query().is_some() => Err(FieldFault::new(pointer, "address", "must not hold a query")),
        Ok(url) if url.as_str().trim_end_matches('/') != issuer.trim_end_matches('/') => {
            Err(FieldFault::new(pointer, "address", format!("must be written as {url}")))
        }
        Ok(_) => Ok(()),
        Err(outside::Error::Refused(why)) => Err(FieldFault::new(pointer, "address", format!("cannot be called: {why}"))),
        Err(error) => Err(FieldFault::new(pointer, "address", error.to_string())),
    }
}

fn credential(
    kind: Kind,
    (client_id, secret): (&str, &str),
    (team_id, key_id): (Option<String>, Option<String>),
    note: &mut impl FnMut(FieldFault),
) -> Option<Credential> {
    if secret.is_empty() || secret.len() > SECRET_MAX {
        note(FieldFault::new("/client_secret", "length", format!("must have 1 to {SECRET_MAX} bytes")));
        return None;
    }
    let mut named = |pointer, given: Option<String>| match given {
        Some(text) if kind == Kind::Apple => clean_line(pointer, &text, 64).map_err(&mut *note).ok(),
        None if kind == Kind::Apple => {
            note(FieldFault::new(pointer, "required", "a provider of kind `apple` needs one"));
            None
        }
        Some(_) => {
            note(FieldFault::new(pointer, "not_wanted", "only a provider of kind `apple` has one"));
            None
        }
        None => None,
    };
    let (team_id, key_id) = (named("/team_id", team_id), named("/key_id", key_id));
    if kind != Kind::Apple {
        return Some(Credential::Secret(secret.to_owned()));
    }
    let key = AppleKey::new(client_id, team_id?, key_id?, secret);
    if key.is_none() {
        note(FieldFault::new("/client_secret", "key", "must be the private key (P-256, PKCS#8 PEM) that Apple gave"));
    }
    key.map(Credential::Apple)
}

/// What OpenID Connect cannot do without is asked for, whether it is named or not.
fn checked_scopes(kind: Kind, scopes: Vec<String>, note: &mut impl FnMut(FieldFault)) -> Vec<String> {
    let is_word = |scope: &str| {
        (1..=SCOPE_MAX).contains(&scope.len()) && scope.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
    };
    if scopes.len() > SCOPES_MAX || !scopes.iter().all(|scope| is_word(scope)) {
        note(FieldFault::new("/scopes", "scopes", format!("at most {SCOPES_MAX} words of at most {SCOPE_MAX} visible ASCII characters")));
        return Vec::new();
    }
    if scopes.is_empty() {
        return kind.scopes().iter().map(ToString::to_string).collect();
    }
    let openid = (kind != Kind::Github && !scopes.iter().any(|scope| scope == "openid")).then(|| "openid".to_owned());
    openid.into_iter().chain(scopes).collect()
}

/// Whether a word may name a provider of the configuration: never to be taken for a store's (`idp_…`).
pub(super) fn is_word(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    plain && (1..=32).contains(&text.len())
}
