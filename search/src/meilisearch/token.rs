//! Keys for browsers: a tenant token of Meilisearch, an HS256 JWT signed with a key that can do nothing but search.
//! <https://www.meilisearch.com/docs/learn/security/generate_tenant_token_scratch>

use chrono::{DateTime, TimeDelta, Utc};
use commerce::ids::TenantId;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use uuid::{Builder, Uuid};

use super::{ask::of_tenant, server::Server};
use crate::{BrowserKey, Error};

/// A token cannot be taken back, so it does not live long: a suspended store is out of search after this.
const LIVES_FOR: TimeDelta = TimeDelta::minutes(10);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Claims {
    api_key_uid: Uuid,
    search_rules: Value,
    exp: i64,
}

#[derive(Deserialize)]
pub(super) struct SigningKey {
    uid: Uuid,
    key: String,
}

/// Makes the signing key, or reads the one that is there.
pub(super) async fn signing_key(server: &Server, index: &str) -> Result<SigningKey, Error> {
    let uid = uid(index);
    let wanted = json!({
        "uid": uid, "name": "stoa-browsers", "description": "Signs the tokens with which browsers search.",
        "actions": ["search"], "indexes": [index], "expiresAt": null,
    });
    match server.post("/keys", &wanted).await {
        Err(Error::Refused { code, .. }) if code == "api_key_already_exists" => server.get(&format!("/keys/{uid}")).await,
        made => made,
    }
}

/// The same for every process, so that the key is made once by whichever comes first; shaped as Meilisearch wants it.
fn uid(index: &str) -> Uuid {
    // FNV-1a, 128 bits.
    let hash = index.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    });
    Builder::from_random_bytes(hash.to_be_bytes()).into_uuid()
}

pub(super) fn mint(key: &SigningKey, index: &str, tenant: TenantId, now: DateTime<Utc>) -> Result<BrowserKey, Error> {
    let expires_at = now + LIVES_FOR;
    let claims =
        Claims { api_key_uid: key.uid, search_rules: json!({ index: { "filter": of_tenant(tenant) } }), exp: expires_at.timestamp() };
    let token = encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(key.key.as_bytes()));
    let token = token.map_err(|error| Error::Misconfigured(error.to_string()))?;
    Ok(BrowserKey { index: index.to_owned(), token, expires_at })
}
