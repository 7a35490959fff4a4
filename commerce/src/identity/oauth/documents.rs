//! What providers publish about themselves: where to send whom, and the keys that sign what they say.
//!
//! Fetched once for all who wait for it and kept for a while, whatever the provider says about how long; so is that it could not be
//! fetched, for less long. A key that is not among those kept is asked for again, but not more often than once in a while: a token
//! may name any key.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::{Request, Response, StatusCode};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{Jwk, KeyAlgorithm, PublicKeyUse},
};
use moka::{
    Expiry,
    future::Cache,
    ops::compute::{CompResult, Op},
};
use serde::Deserialize;

use super::{Error, provider::Provider};
use crate::outside::{Outside, Reach};

/// Bytes of a document, at most.
const DOCUMENT_MAX: usize = 256 * 1024;
const KEYS_MAX: usize = 64;
/// Providers whose documents are kept; stores bring their own.
const KEPT_AT_MOST: u64 = 2_000;

/// How long things are kept.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub kept_for: Duration,
    pub failed_for: Duration,
    /// How soon after the last time keys are fetched for one that is not among them.
    pub refetched_after: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { kept_for: Duration::from_mins(10), failed_for: Duration::from_secs(10), refetched_after: Duration::from_mins(1) }
    }
}

/// Where a provider is asked for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoints {
    pub authorize: String,
    pub token: String,
    pub person: Option<String>,
    pub keys: Option<String>,
    /// Whether the client's secret goes into the body: the header is taken where both will do.
    pub has_secret_in_body: bool,
    /// Whether every answer that comes with the browser names who it is from (RFC 9207).
    pub announces_issuer: bool,
}

/// A document with an address, as an issuer's word: what is said under one reach is not believed under another.
type Key = (Reach, String);
/// None when it could not be fetched.
type Kept<T> = Option<Arc<T>>;

#[derive(Clone)]
pub(super) struct Documents {
    outside: Outside,
    endpoints: Cache<Key, Kept<Endpoints>>,
    keys: Cache<Key, Kept<Keys>>,
    patience: Patience,
}

struct Keys {
    keys: Vec<PublishedKey>,
    asked_at: Instant,
}

#[derive(Clone)]
struct PublishedKey {
    id: Option<String>,
    algorithm: Option<KeyAlgorithm>,
    key: DecodingKey,
}

/// OpenID Connect Discovery 1.0, as far as it is used here.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: Option<String>,
    jwks_uri: String,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

struct KeptFor(Patience);

impl<T> Expiry<Key, Kept<T>> for KeptFor {
    fn expire_after_create(&self, _: &Key, kept: &Kept<T>, _: Instant) -> Option<Duration> {
        Some(if kept.is_some() { self.0.kept_for } else { self.0.failed_for })
    }

    fn expire_after_update(&self, key: &Key, kept: &Kept<T>, at: Instant, _: Option<Duration>) -> Option<Duration> {
        self.expire_after_create(key, kept, at)
    }
}

impl Documents {
    pub fn new(outside: Outside, patience: Patience) -> Self {
        Self {
            outside,
            endpoints: Cache::builder().max_capacity(KEPT_AT_MOST).expire_after(KeptFor(patience)).build(),
            keys: Cache::builder().max_capacity(KEPT_AT_MOST).expire_after(KeptFor(patience)).build(),
            patience,
        }
    }

    /// Where the provider is asked for what.
    ///
    /// # Errors
    /// `ProviderUnavailable`.
    pub async fn endpoints(&self, provider: &Provider) -> Result<Arc<Endpoints>, Error> {
        if !provider.speaks_openid() {
            return Ok(Arc::new(super::github::endpoints(provider)));
        }
        let address = format!("{}/.well-known/openid-configuration", provider.issuer.trim_end_matches('/'));
        let ask = async {
            let found = self.discover(provider, &address).await;
            found.map(Arc::new).inspect_err(|why| tracing::warn!(provider = %provider.id, %why, "A provider cannot be used now")).ok()
        };
        // By the issuer, letter by letter: with a slash more it is another one, at the same address.
        self.endpoints.get_with((provider.reach, provider.issuer.clone()), ask).await.ok_or(Error::ProviderUnavailable)
    }

    async fn discover(&self, provider: &Provider, address: &str) -> Result<Endpoints, String> {
        let found: Metadata = self.fetch(provider.reach, address).await?;
        if found.issuer != provider.issuer {
            return Err("it calls itself by another name".to_owned());
        }
        for address in [&found.authorization_endpoint, &found.token_endpoint, &found.jwks_uri].into_iter().chain(&found.userinfo_endpoint) {
            self.outside.judge(provider.reach, address).map_err(|error| error.to_string())?;
        }
        let in_body = |methods: Vec<String>| !methods.iter().any(|method| method == "client_secret_basic");
        Ok(Endpoints {
            authorize: found.authorization_endpoint,
            token: found.token_endpoint,
            person: found.userinfo_endpoint,
            keys: Some(found.jwks_uri),
            has_secret_in_body: found.token_endpoint_auth_methods_supported.is_some_and(in_body),
            announces_issuer: found.authorization_response_iss_parameter_supported,
        })
    }

    /// The provider's keys that a token of this key id and algorithm may be signed with; none when there is none such.
    ///
    /// # Errors
    /// `ProviderUnavailable`.
    pub async fn signed_with(
        &self,
        reach: Reach,
        address: &str,
        (id, algorithm): (Option<&str>, Algorithm),
    ) -> Result<Option<DecodingKey>, Error> {
        let key = (reach, address.to_owned());
        let kept = self.keys.get_with(key.clone(), self.ask_for_keys(reach, address)).await.ok_or(Error::ProviderUnavailable)?;
        if let Some(found) = kept.find(id, algorithm) {
            return Ok(Some(found));
        }
        // One at a time for each address; who waited finds what the first has fetched.
        let again = self.keys.entry(key).and_compute_with(async |entry| match entry.and_then(moka::Entry::into_value) {
            Some(kept) if kept.asked_at.elapsed() < self.patience.refetched_after => Op::Nop,
            old => match (self.ask_for_keys(reach, address).await, old) {
                (Some(new), _) => Op::Put(Some(new)),
                // The old ones go on being good, and count as asked for.
                (None, Some(old)) => Op::Put(Some(Arc::new(Keys { keys: old.keys.clone(), asked_at: Instant::now() }))),
                (None, None) => Op::Nop,
            },
        });
        let kept = match again.await {
            CompResult::Inserted(entry) | CompResult::ReplacedWith(entry) | CompResult::Unchanged(entry) => entry.into_value(),
            CompResult::Removed(_) | CompResult::StillNone(_) => None,
        };
        Ok(kept.and_then(|kept| kept.find(id, algorithm)))
    }

    async fn ask_for_keys(&self, reach: Reach, address: &str) -> Kept<Keys> {
        let found: Result<KeySet, String> = self.fetch(reach, address).await;
        match found {
            Ok(set) if set.keys.len() <= KEYS_MAX => {
                let keys = set.keys.into_iter().filter_map(PublishedKey::read).collect();
                Some(Arc::new(Keys { keys, asked_at: Instant::now() }))
            }
            Ok(_) => {
                tracing::warn!(%address, "A provider publishes more keys than are read");
                None
            }
            Err(why) => {
                tracing::warn!(%address, %why, "A provider's keys cannot be fetched");
                None
            }
        }
    }

    async fn fetch<T: serde::de::DeserializeOwned>(&self, reach: Reach, address: &str) -> Result<T, String> {
        let request = Request::get(address).header("accept", "application/json").body(Vec::new()).map_err(|error| error.to_string())?;
        let answer = self.outside.send(reach, request, DOCUMENT_MAX).await.map_err(|error| error.to_string())?;
        json(&answer)
    }
}

/// A JSON value that was answered with 200: a redirect is no answer.
pub(super) fn json<T: serde::de::DeserializeOwned>(answer: &Response<Vec<u8>>) -> Result<T, String> {
    if answer.status() != StatusCode::OK {
        return Err(format!("it answered {}", answer.status()));
    }
    serde_json::from_slice(answer.body()).map_err(|error| format!("it answered something else than was asked for: {error}"))
}

impl Keys {
    /// A token that names no key may only be signed with the only one.
    fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<DecodingKey> {
        let named = match id {
            Some(id) => self.keys.iter().find(|key| key.id.as_deref() == Some(id) && key.fits(algorithm)),
            None => self.keys.first().filter(|key| self.keys.len() == 1 && key.fits(algorithm)),
        };
        named.map(|key| key.key.clone())
    }
}

impl PublishedKey {
    /// None for a kind that we do not know, that is not for signing, or that is no public key.
    fn read(value: serde_json::Value) -> Option<Self> {
        let is_secret = value["kty"] == "oct";
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let is_for_signing = matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
        let key = DecodingKey::from_jwk(&jwk).ok().filter(|_| is_for_signing && !is_secret)?;
        Some(Self { id: jwk.common.key_id, algorithm: jwk.common.key_algorithm, key })
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        self.algorithm.is_none_or(|own| own.to_string() == format!("{algorithm:?}"))
    }
}
