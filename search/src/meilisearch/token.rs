//! Keys for browsers: a tenant token of Meilisearch, an HS256 JWT signed with a key that can do nothing but search.
//! <https://www.meilisearch.com/docs/learn/security/generate_tenant_token_scratch>

use chrono::{DateTime, TimeDelta, Utc};
use commerce::ids::TenantId;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{INDEX, ask::of_tenant, server::Server};
use crate::{BrowserKey, Error};

/// The key that signs is made once, under this id, by whichever process comes first.
const KEY_UID: &str = "6f1b6a4e-6c0e-4c3f-9a53-5d0f8f5e7a11";
/// A token cannot be taken back, so it does not live long: a suspended store is out of search after this.
const LIVES_FOR: TimeDelta = TimeDelta::minutes(10);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Claims {
    api_key_uid: &'static str,
    search_rules: Value,
    exp: i64,
}

#[derive(Deserialize)]
pub(super) struct SigningKey {
    key: String,
}

/// Makes the signing key, or reads the one that is there.
pub(super) async fn signing_key(server: &Server) -> Result<SigningKey, Error> {
    let wanted = json!({
        "uid": KEY_UID, "name": "stoa-browsers", "description": "Signs the tokens with which browsers search.",
        "actions": ["search"], "indexes": [INDEX], "expiresAt": null,
    });
    match server.post("/keys", &wanted).await {
        Err(Error::Refused { code, .. }) if code == "api_key_already_exists" => server.get(&format!("/keys/{KEY_UID}")).await,
        made => made,
    }
}

pub(super) fn mint(key: &SigningKey, tenant: TenantId, now: DateTime<Utc>) -> Result<BrowserKey, Error> {
    let expires_at = now + LIVES_FOR;
    let claims =
        Claims { api_key_uid: KEY_UID, search_rules: json!({ INDEX: { "filter": of_tenant(tenant) } }), exp: expires_at.timestamp() };
    let token = encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(key.key.as_bytes()));
    let token = token.map_err(|error| Error::Misconfigured(error.to_string()))?;
    Ok(BrowserKey { index: INDEX.to_owned(), token, expires_at })
}
