//! Apple's client secret: a token that is signed for each use, good for minutes.

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::Serialize;

const GOOD_FOR_SECONDS: i64 = 300;

#[derive(Clone)]
pub(super) struct AppleKey {
    client_id: String,
    team_id: String,
    key_id: String,
    key: EncodingKey,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

impl AppleKey {
    /// None when the text is no P-256 key in PKCS#8 PEM.
    pub fn new(client_id: &str, team_id: String, key_id: String, pem: &str) -> Option<Self> {
        let key = Self { client_id: client_id.to_owned(), team_id, key_id, key: EncodingKey::from_ec_pem(pem.as_bytes()).ok()? };
        // A key of another curve shows itself only when it signs.
        key.secret("https://appleid.apple.com", DateTime::UNIX_EPOCH).is_some().then_some(key)
    }

    /// None when the key refuses to sign.
    pub fn secret(&self, issuer: &str, now: DateTime<Utc>) -> Option<String> {
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::ES256) };
        let iat = now.timestamp();
        let claims = Claims { iss: &self.team_id, sub: &self.client_id, aud: issuer, iat, exp: iat + GOOD_FOR_SECONDS };
        encode(&header, &claims, &self.key).ok()
    }
}
