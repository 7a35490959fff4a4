//! Access tokens: EdDSA, short-lived, one audience each. A token of one audience is never read as another's, and the
//! algorithm, the key and the issuer are ours to say, not the token's.

use std::{collections::HashMap, sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
    jwk::{Jwk, JwkSet, ThumbprintHash},
};
use serde::{Deserialize, Serialize};
use tenancy::TenantId;
use uuid::Uuid;

/// Clocks of two machines may differ by this much.
const LEEWAY_SECONDS: i64 = 30;

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
        Ok(Self(Arc::new(Inner { issuer, kid, signing, verifying, published })))
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
    pub fn verify(&self, token: &str, audience: Audience, now: DateTime<Utc>) -> Option<Claims> {
        let kid = decode_header(token).ok()?.kid?;
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_audience(&[audience.as_str()]);
        rules.set_issuer(&[&self.0.issuer]);
        rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        // The clock is ours, so that it is one clock everywhere.
        rules.validate_exp = false;
        let claims = decode::<Claims>(token, self.0.verifying.get(&kid)?, &rules).ok()?.claims;
        (now.timestamp() <= claims.exp.saturating_add(LEEWAY_SECONDS)).then_some(claims)
    }

    /// The public halves, for whoever verifies our tokens.
    pub fn published(&self) -> &JwkSet {
        &self.0.published
    }
}
