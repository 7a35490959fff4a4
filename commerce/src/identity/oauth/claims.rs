//! What an ID token must say to be believed (OpenID Connect Core 1.0, 3.1.3.7): the algorithm, the issuer, the audience, the time
//! and the nonce are ours to say, not the token's.

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::{Deserialize, Deserializer};

/// Clocks of two machines may differ by this much.
const LEEWAY_SECONDS: i64 = 60;
const SUBJECT_MAX: usize = 255;

/// Public keys alone: a token that is signed with a shared secret, or not at all, is refused before any key is looked for.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

pub(super) fn is_believed(algorithm: Algorithm) -> bool {
    ALGORITHMS.contains(&algorithm)
}

#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    iss: String,
    pub sub: String,
    aud: Audiences,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
    #[serde(flatten)]
    pub person: Person,
}

/// What a provider tells of a person, in the token or when it is asked with one.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Person {
    pub email: Option<String>,
    #[serde(default, deserialize_with = "yes")]
    pub email_verified: bool,
    pub name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audiences {
    One(String),
    Several(Vec<String>),
}

/// What a token must agree with.
pub(super) struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: &'a str,
    pub now: DateTime<Utc>,
}

/// # Errors
/// Why it is not believed.
pub(super) fn read(token: &str, (algorithm, key): (Algorithm, &DecodingKey), expected: &Expected<'_>) -> Result<Claims, &'static str> {
    let mut rules = Validation::new(algorithm);
    rules.required_spec_claims.clear();
    // Judged below, by our own clock and whole.
    (rules.validate_exp, rules.validate_nbf, rules.validate_aud) = (false, false, false);
    let claims = decode::<Claims>(token, key, &rules).map_err(|_| "its signature does not fit")?.claims;
    check(&claims, expected)?;
    Ok(claims)
}

fn check(claims: &Claims, expected: &Expected<'_>) -> Result<(), &'static str> {
    let now = expected.now.timestamp();
    let (is_ours, is_ours_alone) = match &claims.aud {
        Audiences::One(audience) => (audience == expected.client_id, true),
        Audiences::Several(audiences) => (audiences.iter().any(|audience| audience == expected.client_id), audiences.len() == 1),
    };
    let is_issued_to_us = match claims.azp.as_deref() {
        Some(party) => party == expected.client_id,
        None => is_ours_alone,
    };
    let rules = [
        (claims.iss == expected.issuer, "another issuer"),
        (is_ours, "another audience"),
        (is_issued_to_us, "issued to another party"),
        (now < claims.exp.saturating_add(LEEWAY_SECONDS), "expired"),
        (claims.iat <= now.saturating_add(LEEWAY_SECONDS), "issued in the future"),
        (claims.nbf.is_none_or(|from| from <= now.saturating_add(LEEWAY_SECONDS)), "not valid yet"),
        (claims.nonce.as_deref() == Some(expected.nonce), "another nonce"),
        (is_subject(&claims.sub), "no subject"),
    ];
    rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, why)| Err(why))
}

pub(super) fn is_subject(text: &str) -> bool {
    (1..=SUBJECT_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

/// `true`, or what Apple writes instead; anything else is no.
fn yes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value == true || value == "true")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// T045: each claim alone makes the difference.
    #[test]
    fn a_token_is_believed_when_every_claim_holds() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let expected = Expected { issuer: "https://idp.example", client_id: "shop", nonce: "n-1", now };
        let at = |seconds: i64| now.timestamp() + seconds;
        let good = json!({ "iss": "https://idp.example", "sub": "alice", "aud": "shop", "exp": at(300), "iat": at(0), "nonce": "n-1" });
        let holds = |change: serde_json::Value| {
            let mut claims = good.clone();
            for (name, value) in change.as_object().unwrap() {
                claims[name] = value.clone();
            }
            check(&serde_json::from_value(claims).unwrap(), &expected)
        };
        for fit in [
            json!({}),
            json!({ "aud": ["shop"] }),
            json!({ "aud": ["shop", "other"], "azp": "shop" }),
            json!({ "exp": at(-59) }),
            json!({ "iat": at(60) }),
            json!({ "nbf": at(60) }),
            json!({ "email_verified": "true" }),
        ] {
            assert_eq!(holds(fit.clone()), Ok(()), "{fit}");
        }
        for (wrong, why) in [
            (json!({ "iss": "https://idp.example/" }), "another issuer"),
            (json!({ "iss": "https://evil.example" }), "another issuer"),
            (json!({ "aud": "other" }), "another audience"),
            (json!({ "aud": [] }), "another audience"),
            (json!({ "aud": ["shop", "other"] }), "issued to another party"),
            (json!({ "azp": "other" }), "issued to another party"),
            (json!({ "exp": at(-60) }), "expired"),
            (json!({ "iat": at(61) }), "issued in the future"),
            (json!({ "nbf": at(61) }), "not valid yet"),
            (json!({ "nonce": "n-2" }), "another nonce"),
            (json!({ "nonce": null }), "another nonce"),
            (json!({ "sub": "" }), "no subject"),
            (json!({ "sub": "x".repeat(256) }), "no subject"),
        ] {
            assert_eq!(holds(wrong.clone()), Err(why), "{wrong}");
        }
    }

    #[test]
    fn shared_secrets_sign_nothing() {
        for refused in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            assert!(!is_believed(refused));
        }
    }
}
