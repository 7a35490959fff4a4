use chrono::{DateTime, Utc};
use commerce::identity::{
    self, OVERLAP_AT_MOST_HOURS,
    api_keys::{self, ApiKey, KeyChanges, NewKey},
    team,
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::{ApiKeyId, Permission, directory::KeyKind};

use super::roles::permissions;
use crate::{
    Problem, State,
    context::{Body, IfMatch, Paging, PathId, Vendor},
    json::{Created, Id, NoContent, Page, Patch, Tagged},
};

pub(super) fn router() -> Router {
    let one = Router::with_path("{id}").get(show).patch(update).delete(revoke).push(Router::with_path("rotate").post(rotate));
    Router::with_path("keys").get(list).post(create).push(one)
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
    /// The pages from which browsers may send it; none: any.
    origins: Vec<String>,
    created_at: DateTime<Utc>,
    /// When it ends, or has ended; absent while nobody has said so.
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    /// To the minute, and told some minutes late; absent until it is used.
    last_used_at: Option<DateTime<Utc>>,
    /// The key whose place it took.
    rotated_from: Option<Id<ApiKeyId>>,
    /// The key that takes its place.
    replaced_by: Option<Id<ApiKeyId>>,
    version: i64,
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
    /// For a publishable key: the pages from which browsers may send it, as exact origins (`https://shop.example`); none for any.
    /// Whoever sends no `Origin`, as servers do, is not asked.
    #[garde(length(max = 20))]
    #[serde(default)]
    #[salvo(schema(max_items = 20))]
    origins: Vec<String>,
    /// When it ends: in the future, two years from now at most. Absent for no end.
    #[garde(skip)]
    expires_at: Option<DateTime<Utc>>,
}

/// What may change. Absent leaves.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct ChangeKey {
    #[garde(inner(length(chars, min = 1, max = 100)))]
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: Option<String>,
    /// Replaces the list.
    #[garde(inner(length(max = 20)))]
    #[salvo(schema(max_items = 20))]
    origins: Option<Vec<String>>,
    /// `null` for no end.
    #[garde(skip)]
    #[serde(default)]
    #[salvo(schema(value_type = Option<DateTime<Utc>>))]
    expires_at: Patch<DateTime<Utc>>,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct RotateKey {
    /// How long the old key goes on beside the new one; 0 ends it at once.
    #[garde(range(max = OVERLAP_AT_MOST_HOURS))]
    #[salvo(schema(minimum = 0, maximum = 168))]
    overlap_hours: u32,
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
/// People do, who have proved who they are within the last ten minutes (`/account/step-up`). A key makes no keys: what one that has
/// leaked had made would outlive it.
#[endpoint]
async fn create(vendor: Vendor, state: State, body: Body<CreateKey>) -> Result<Created<NewlyMade>, Problem> {
    vendor.require(Permission::WriteKeys)?;
    vendor.person()?;
    vendor.fresh().await?;
    let new = body.0.try_into()?;
    let tx = vendor.db.begin().await?;
    let may = team::permissions_now(&tx, &vendor.caller(), Permission::WriteKeys).await?;
    let (key, secret) = api_keys::create(&tx, &state.clock, &may, new).await?;
    tx.commit().await?;
    Ok(Created::at(format!("/vendor/v1/keys/{}", key.id), NewlyMade { key: key.into(), secret }))
}

/// Show a key.
#[endpoint]
async fn show(vendor: Vendor, id: PathId<ApiKeyId>) -> Result<Tagged<Key>, Problem> {
    vendor.require(Permission::ReadKeys)?;
    let tx = vendor.db.begin().await?;
    Ok(Key::tagged(api_keys::find(&tx, id.0).await?))
}

/// Rename a key, or say from where it may be sent and when it ends.
///
/// What it may do is said when it is made and never changes. A key that may what you may not is not yours to change, and one that
/// has ended stays so. It takes what making one takes: a key that has leaked would prolong itself.
#[endpoint]
async fn update(
    vendor: Vendor,
    state: State,
    id: PathId<ApiKeyId>,
    if_match: IfMatch,
    body: Body<ChangeKey>,
) -> Result<Tagged<Key>, Problem> {
    vendor.require(Permission::WriteKeys)?;
    vendor.person()?;
    vendor.fresh().await?;
    let changes = KeyChanges { name: body.0.name, origins: body.0.origins, expires_at: body.0.expires_at.change() };
    let tx = vendor.db.begin().await?;
    let may = team::permissions_now(&tx, &vendor.caller(), Permission::WriteKeys).await?;
    let key = api_keys::change(&tx, &state.clock, (id.0, if_match.version()), &may, changes).await?;
    tx.commit().await?;
    Ok(Key::tagged(key))
}

/// Put another secret in a key's place.
///
/// Answers a new key of the same name, scopes and origins, which lives as long as the old one was made to; the old one ends after
/// the overlap. A key that may what you may not is not yours to rotate: you would learn its successor's secret. It takes what making
/// one takes.
#[endpoint]
async fn rotate(vendor: Vendor, state: State, id: PathId<ApiKeyId>, body: Body<RotateKey>) -> Result<Created<NewlyMade>, Problem> {
    vendor.require(Permission::WriteKeys)?;
    vendor.person()?;
    vendor.fresh().await?;
    let tx = vendor.db.begin().await?;
    let may = team::permissions_now(&tx, &vendor.caller(), Permission::WriteKeys).await?;
    let (key, secret) = identity::rotate_key(&tx, &state.clock, &may, id.0, body.0.overlap_hours).await?;
    tx.commit().await?;
    Ok(Created::at(format!("/vendor/v1/keys/{}", key.id), NewlyMade { key: key.into(), secret }))
}

/// Revoke a key.
///
/// It is refused everywhere at once. Revoking it again changes nothing. Whoever may change keys may revoke any of them, also one that may
/// more than they: a key that has leaked waits for nobody.
#[endpoint]
async fn revoke(vendor: Vendor, state: State, id: PathId<ApiKeyId>) -> Result<NoContent, Problem> {
    vendor.require(Permission::WriteKeys)?;
    let tx = vendor.db.begin().await?;
    api_keys::revoke(&tx, &state.clock, id.0).await?;
    tx.commit().await?;
    Ok(NoContent)
}

impl Key {
    fn tagged(key: ApiKey) -> Tagged<Self> {
        Tagged { version: key.version, body: key.into() }
    }
}

impl TryFrom<CreateKey> for NewKey {
    type Error = Problem;

    fn try_from(asked: CreateKey) -> Result<Self, Problem> {
        let scopes = permissions("/scopes", &asked.scopes)?;
        let kind = match asked.kind {
            Kind::Publishable => KeyKind::Publishable,
            Kind::Secret => KeyKind::Secret,
        };
        Ok(Self { name: asked.name, kind, scopes, origins: asked.origins, expires_at: asked.expires_at })
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
            origins: key.origins,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
            rotated_from: key.rotated_from.map(Into::into),
            replaced_by: key.replaced_by.map(Into::into),
            version: key.version,
        }
    }
}
