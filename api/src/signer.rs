//! Access tokens: EdDSA, short-lived, one audience each. A token of one audience is never read as another's, and the
//! algorithm, the key and the issuer are ours to say, not the token's.
//!
//! A signature is checked once a process and token, and remembered as long as the token may live: it is most of what a request
//! with a token costs. Whether the token has expired, and whom it speaks to, is asked each time.

use std::{collections::HashMap, sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
    jwk::{Jwk, JwkSet, ThumbprintHash},
};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use tenancy::{TenantId, directory::hash_of};
use uuid::Uuid;

/// Clocks of two machines may differ by this much.
const LEEWAY_SECONDS: i64 = 30;
/// Tokens whose signature is remembered: some 30 MB when all are there.
const REMEMBERED_AT_MOST: u64 = 50_000;
const REMEMBERED_FOR: Duration = Duration::from_mins(15);

/// Whom a token speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    Customer,
    Vendor,
    Platform,
}

impl Audience {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Vendor => "vendor",
            Self::Platform => "platform",
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    /// The customer, account or operator, as a typed id.
    pub sub: String,
    /// The session: every refresh of one sign-in shares it.
    pub sid: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    pub iat: i64,
    pub exp: i64,
}

/// Signs and reads access tokens. Cheap to clone.
#[derive(Clone)]
pub struct Signer(Arc<Inner>);

struct Inner {
    issuer: String,
    kid: String,
    signing: EncodingKey,
    verifying: HashMap<String, DecodingKey>,
    published: JwkSet,
    /// What tokens say whose signature was found right, by the SHA-256 of the whole token.
    genuine: Cache<[u8; 32], Arc<Claims>>,
}

impl Signer {
    /// The first key signs, all verify. A key's id is the thumbprint of its public half (RFC 7638).
    ///
    /// # Errors
    /// There is no key, or one is not an Ed25519 key in PKCS#8 PEM.
    pub fn new(pems: &[String], issuer: String) -> anyhow::Result<Self> {
        ensure!(!pems.is_empty(), "no signing key");
        let mut keys = Vec::new();
        for pem in pems {
            let signing = EncodingKey::from_ed_pem(pem.as_bytes()).context("not an Ed25519 key in PKCS#8 PEM")?;
            let mut jwk = Jwk::from_encoding_key(&signing, Algorithm::EdDSA)?;
            let kid = jwk.thumbprint(ThumbprintHash::SHA256)?;
            jwk.common.key_id = Some(kid.clone());
            keys.push((kid, signing, jwk));
        }
        let verifying = keys.iter().map(|(kid, _, jwk)| Ok((kid.clone(), DecodingKey::from_jwk(jwk)?)));
        let verifying = verifying.collect::<Result<_, jsonwebtoken::errors::Error>>()?;
        let published = JwkSet { keys: keys.iter().map(|(_, _, jwk)| jwk.clone()).collect() };
        let (kid, signing, _) = keys.swap_remove(0);
        let genuine = Cache::builder().max_capacity(REMEMBERED_AT_MOST).time_to_live(REMEMBERED_FOR).build();
        Ok(Self(Arc::new(Inner { issuer, kid, signing, verifying, published, genuine })))
    }

    /// # Errors
    /// The key refuses to sign.
    pub fn sign(
        &self,
        audience: Audience,
        subject: String,
        (session, tenant): (Uuid, Option<TenantId>),
        (now, valid_for): (DateTime<Utc>, Duration),
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.0.kid.clone());
        let exp = now.timestamp().saturating_add_unsigned(valid_for.as_secs());
        let (iss, aud) = (self.0.issuer.clone(), audience.as_str().to_owned());
        encode(&header, &Claims { iss, aud, sub: subject, sid: session, tenant, iat: now.timestamp(), exp }, &self.0.signing)
    }

    /// The claims of a token that is ours, for this audience, and valid now; else nothing, without a reason: a caller
    /// learns no more than that it must sign in.
    pub fn verify(&self, token: &str, audience: Audience, now: DateTime<Utc>) -> Option<Arc<Claims>> {
        let hash = hash_of(token);
        let claims = self.0.genuine.get(&hash).or_else(|| {
            let claims = Arc::new(self.read(token)?);
            self.0.genuine.insert(hash, claims.clone());
            Some(claims)
        })?;
        let is_valid = claims.aud == audience.as_str() && now.timestamp() <= claims.exp.saturating_add(LEEWAY_SECONDS);
        is_valid.then_some(claims)
    }

    /// What a token says that one of our keys has signed.
    fn read(&self, token: &str) -> Option<Claims> {
        let kid = decode_header(token).ok()?.kid?;
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_issuer(&[&self.0.issuer]);
        rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        // Asked of each request, and the time of our own clock, so that it is one clock everywhere.
        rules.validate_aud = false;
        rules.validate_exp = false;
        decode::<Claims>(token, self.0.verifying.get(&kid)?, &rules).ok().map(|read| read.claims)
    }

    /// The public halves, for whoever verifies our tokens.
    pub fn published(&self) -> &JwkSet {
        &self.0.published
    }
}
