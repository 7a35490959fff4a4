//! The providers that a store brings for its own customers.

use chrono::{DateTime, Utc};
use commerce::{
    identity::oauth::{
        Described, Kind,
        store_providers::{self, NewProvider, ProviderChanges, StoreProvider},
    },
    ids::IdentityProviderId,
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::Permission;

use crate::{
    Problem, State,
    context::{Body, PathId, Vendor},
    json::{Created, Id, Json, NoContent, Page},
};

pub(super) fn router() -> Router {
    let one = Router::with_path("{id}").get(show).patch(update).delete(delete);
    Router::with_path("identity-providers").get(list).post(create).push(one)
}

/// A provider by which the store's customers sign in. Its secret is kept sealed and never shown.
#[derive(Debug, Serialize, ToSchema)]
struct IdentityProvider {
    id: Id<IdentityProviderId>,
    name: String,
    /// `oidc`, `github` or `apple`.
    kind: &'static str,
    /// Of `oidc`.
    issuer: Option<String>,
    client_id: String,
    /// Of `apple`.
    team_id: Option<String>,
    /// Of `apple`.
    key_id: Option<String>,
    scopes: Vec<String>,
    is_enabled: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// How a provider is talked to.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ProviderKind {
    Oidc,
    Github,
    Apple,
}

#[derive(Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct CreateIdentityProvider {
    /// As customers read it.
    #[garde(length(chars, max = 60))]
    #[salvo(schema(min_length = 1, max_length = 60, example = "Google"))]
    name: String,
    #[garde(skip)]
    kind: ProviderKind,
    /// Of `oidc`: where its discovery document stands. It must be on the public internet; it cannot be changed later.
    #[garde(inner(length(max = 500)))]
    #[salvo(schema(max_length = 500, example = "https://accounts.google.com"))]
    issuer: Option<String>,
    #[garde(length(max = 255))]
    #[salvo(schema(min_length = 1, max_length = 255))]
    client_id: String,
    /// Of `apple` the private key (PEM) that signs the secret. Never shown again.
    #[garde(length(max = 4096))]
    #[salvo(schema(min_length = 1, max_length = 4096))]
    client_secret: String,
    /// Of `apple`.
    #[garde(inner(length(max = 64)))]
    #[salvo(schema(max_length = 64))]
    team_id: Option<String>,
    /// Of `apple`.
    #[garde(inner(length(max = 64)))]
    #[salvo(schema(max_length = 64))]
    key_id: Option<String>,
    /// What is asked of the provider; enough to know the address and the name where it is left out.
    #[garde(length(max = 20))]
    #[serde(default)]
    scopes: Vec<String>,
    /// Whether customers may sign in by it now.
    #[garde(skip)]
    #[serde(default = "yes")]
    is_enabled: bool,
}

/// Absent leaves.
#[derive(Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct ChangeIdentityProvider {
    #[garde(inner(length(chars, max = 60)))]
    #[salvo(schema(min_length = 1, max_length = 60))]
    name: Option<String>,
    #[garde(inner(length(max = 255)))]
    #[salvo(schema(min_length = 1, max_length = 255))]
    client_id: Option<String>,
    #[garde(inner(length(max = 4096)))]
    #[salvo(schema(min_length = 1, max_length = 4096))]
    client_secret: Option<String>,
    #[garde(inner(length(max = 64)))]
    #[salvo(schema(max_length = 64))]
    team_id: Option<String>,
    #[garde(inner(length(max = 64)))]
    #[salvo(schema(max_length = 64))]
    key_id: Option<String>,
    #[garde(inner(length(max = 20)))]
    scopes: Option<Vec<String>>,
    #[garde(skip)]
    is_enabled: Option<bool>,
}

/// List the store's identity providers, the oldest first.
///
/// Twenty at most, always given whole. The platform may offer others to every store's customers.
#[endpoint]
async fn list(vendor: Vendor) -> Result<Page<IdentityProvider>, Problem> {
    vendor.require(Permission::ReadIdentityProviders)?;
    let tx = vendor.db.begin().await?;
    Ok(Page::whole(store_providers::list(&tx).await?.into_iter().map(Into::into).collect()))
}

/// Show an identity provider.
#[endpoint]
async fn show(vendor: Vendor, id: PathId<IdentityProviderId>) -> Result<Json<IdentityProvider>, Problem> {
    vendor.require(Permission::ReadIdentityProviders)?;
    let tx = vendor.db.begin().await?;
    Ok(Json(store_providers::find(&tx, id.0).await?.into()))
}

/// Add an identity provider.
///
/// Customers sign in by it at once, unless `is_enabled` is false. Register the address they come back to as well. Whoever names a provider
/// could sign in as anybody that it vouches for: it takes a person who may read customers and orders too, and who has proved who they
/// are within the last ten minutes (`/account/step-up`).
#[endpoint]
async fn create(vendor: Vendor, state: State, body: Body<CreateIdentityProvider>) -> Result<Created<IdentityProvider>, Problem> {
    may_say_who_is_believed(&vendor).await?;
    let tx = vendor.db.begin().await?;
    let added = store_providers::add(&tx, &state.providers, &state.clock, body.0.into()).await?;
    tx.commit().await?;
    Ok(Created::at(format!("/vendor/v1/identity-providers/{}", added.id), added.into()))
}

/// Change an identity provider.
///
/// Its kind and its issuer stay: who signed in by it is known by them. It takes what adding one takes.
#[endpoint]
async fn update(
    vendor: Vendor,
    state: State,
    id: PathId<IdentityProviderId>,
    body: Body<ChangeIdentityProvider>,
) -> Result<Json<IdentityProvider>, Problem> {
    may_say_who_is_believed(&vendor).await?;
    let tx = vendor.db.begin().await?;
    let changed = store_providers::change(&tx, &state.providers, &state.clock, id.0, body.0.into()).await?;
    tx.commit().await?;
    Ok(Json(changed.into()))
}

/// Remove an identity provider.
///
/// Nobody signs in by it any more: sign-ins that are under way end, and so do the sessions of customers whom it has vouched for.
/// Customers without a password ask for one by mail.
#[endpoint]
async fn delete(vendor: Vendor, state: State, id: PathId<IdentityProviderId>) -> Result<NoContent, Problem> {
    vendor.require(Permission::WriteIdentityProviders)?;
    vendor.fresh().await?;
    let tx = vendor.db.begin().await?;
    let ended = store_providers::remove(&tx, id.0).await?;
    tx.commit().await?;
    state.customer_sessions.forget(ended).await;
    Ok(NoContent)
}

/// Whoever does could sign in as anybody whom their provider vouches for, and see what is theirs: nobody gains by it what they lack, and
/// no key leaves behind what outlives it.
pub(super) async fn may_say_who_is_believed(vendor: &Vendor) -> Result<(), Problem> {
    for needed in [Permission::WriteIdentityProviders, Permission::ReadCustomers, Permission::ReadOrders] {
        vendor.require(needed)?;
    }
    vendor.person()?;
    vendor.fresh().await
}

fn yes() -> bool {
    true
}

impl From<StoreProvider> for IdentityProvider {
    fn from(kept: StoreProvider) -> Self {
        Self {
            id: kept.id.into(),
            name: kept.name,
            kind: kept.kind.as_str(),
            issuer: kept.issuer,
            client_id: kept.client_id,
            team_id: kept.team_id,
            key_id: kept.key_id,
            scopes: kept.scopes,
            is_enabled: kept.is_enabled,
            created_at: kept.created_at,
            updated_at: kept.updated_at,
        }
    }
}

impl From<ProviderKind> for Kind {
    fn from(kind: ProviderKind) -> Self {
        match kind {
            ProviderKind::Oidc => Self::Oidc,
            ProviderKind::Github => Self::Github,
            ProviderKind::Apple => Self::Apple,
        }
    }
}

impl From<CreateIdentityProvider> for NewProvider {
    fn from(asked: CreateIdentityProvider) -> Self {
        let described = Described {
            name: asked.name,
            kind: asked.kind.into(),
            issuer: asked.issuer,
            client_id: asked.client_id,
            client_secret: asked.client_secret,
            team_id: asked.team_id,
            key_id: asked.key_id,
            scopes: asked.scopes,
            api_url: None,
        };
        Self { described, is_enabled: asked.is_enabled }
    }
}

impl From<ChangeIdentityProvider> for ProviderChanges {
    fn from(asked: ChangeIdentityProvider) -> Self {
        Self {
            name: asked.name,
            client_id: asked.client_id,
            client_secret: asked.client_secret,
            team_id: asked.team_id,
            key_id: asked.key_id,
            scopes: asked.scopes,
            is_enabled: asked.is_enabled,
        }
    }
}
