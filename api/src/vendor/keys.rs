use chrono::{DateTime, Utc};
use commerce::identity::api_keys::{self, ApiKey, NewKey};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::{ApiKeyId, Permission, directory::KeyKind};

use super::roles::permissions;
use crate::{
    Problem, State,
    context::{Body, Paging, PathId, Vendor},
    json::{Created, Id, NoContent, Page},
};

pub(super) fn router() -> Router {
    Router::with_path("keys").get(list).post(create).push(Router::with_path("{id}").delete(revoke))
}

/// A key with which software calls.
#[derive(Debug, Serialize, ToSchema)]
struct Key {
    id: Id<ApiKeyId>,
    name: String,
    kind: Kind,
    /// How it begins and ends.
    hint: String,
    scopes: Vec<String>,
    created_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[salvo(schema(name = "KeyKind"))]
enum Kind {
    /// Opens the storefront; may be published.
    Publishable,
    /// Calls the vendor API; may do what its scopes say.
    Secret,
}

/// A key to be.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct CreateKey {
    #[garde(length(chars, min = 1, max = 100))]
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: String,
    #[garde(skip)]
    kind: Kind,
    /// Permissions, such as `read_products`: some for a secret key, none for a publishable one, and never one that you lack.
    #[garde(length(max = 50))]
    #[serde(default)]
    scopes: Vec<String>,
}

/// A new key. `secret` is shown here and never again.
#[derive(Debug, Serialize, ToSchema)]
struct NewlyMade {
    #[serde(flatten)]
    key: Key,
    secret: String,
}

/// List the store's keys, the newest first.
#[endpoint]
async fn list(vendor: Vendor, paging: Paging) -> Result<Page<Key>, Problem> {
    vendor.require(Permission::ReadKeys)?;
    let tx = vendor.db.begin().await?;
    Ok(Page::of(api_keys::list(&tx, &paging.0).await?))
}

/// Make a key.
///
/// A person must have proved who they are within the last ten minutes (`/account/step-up`).
#[endpoint]
async fn create(vendor: Vendor, state: State, body: Body<CreateKey>) -> Result<Created<NewlyMade>, Problem> {
    vendor.require(Permission::WriteKeys)?;
    vendor.fresh().await?;
    let new = body.0.try_into()?;
    let tx = vendor.db.begin().await?;
    let (key, secret) = api_keys::create(&tx, &state.clock, &vendor.permissions, new).await?;
    tx.commit().await?;
    Ok(Created::at(format!("/vendor/v1/keys/{}", key.id), NewlyMade { key: key.into(), secret }))
}

/// Revoke a key.
///
/// It is refused everywhere at once. Revoking it again changes nothing.
#[endpoint]
async fn revoke(vendor: Vendor, state: State, id: PathId<ApiKeyId>) -> Result<NoContent, Problem> {
    vendor.require(Permission::WriteKeys)?;
    let tx = vendor.db.begin().await?;
    api_keys::revoke(&tx, &state.clock, id.0).await?;
    tx.commit().await?;
    Ok(NoContent)
}

impl TryFrom<CreateKey> for NewKey {
    type Error = Problem;

    fn try_from(asked: CreateKey) -> Result<Self, Problem> {
        let scopes = permissions("/scopes", &asked.scopes)?;
        let kind = match asked.kind {
            Kind::Publishable => KeyKind::Publishable,
            Kind::Secret => KeyKind::Secret,
        };
        Ok(Self { name: asked.name, kind, scopes })
    }
}

impl From<ApiKey> for Key {
    fn from(key: ApiKey) -> Self {
        let kind = match key.kind {
            KeyKind::Publishable => Kind::Publishable,
            KeyKind::Secret => Kind::Secret,
        };
        Self {
            id: key.id.into(),
            name: key.name,
            kind,
            hint: key.hint,
            scopes: key.scopes.iter().map(ToString::to_string).collect(),
            created_at: key.created_at,
            revoked_at: key.revoked_at,
        }
    }
}
