//! The providers that a store brings for its own customers. Their secrets are sealed; what a store calls an issuer is reached on the
//! public internet alone.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, FromQueryResult, Value};
use tenancy::{TenantId, TenantTx};
use uuid::Uuid;

use super::{
    Error, Providers, flows,
    provider::{Described, Kind, Provider},
};
use crate::{clock::Clock, fault::FieldFault, ids::IdentityProviderId, outside::Reach, sql};

pub const AT_MOST: usize = 20;

/// A provider, as its store sees it: without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreProvider {
    pub id: IdentityProviderId,
    pub name: String,
    pub kind: Kind,
    pub issuer: Option<String>,
    pub client_id: String,
    pub team_id: Option<String>,
    pub key_id: Option<String>,
    pub scopes: Vec<String>,
    /// Whether customers may sign in by it now.
    pub is_enabled: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A provider to be.
#[derive(Clone, Debug)]
pub struct NewProvider {
    pub described: Described,
    pub is_enabled: bool,
}

/// Absent leaves. What kind a provider is, and whose word it is, stays: identities hang on it.
#[derive(Clone, Default)]
pub struct ProviderChanges {
    pub name: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
    pub team_id: Option<String>,
    pub key_id: Option<String>,
    pub scopes: Option<Vec<String>>,
    pub is_enabled: Option<bool>,
}

#[derive(FromQueryResult)]
struct Row {
    id: IdentityProviderId,
    name: String,
    kind: String,
    issuer: Option<String>,
    client_id: String,
    secret_sealed: Vec<u8>,
    team_id: Option<String>,
    key_id: Option<String>,
    scopes: Vec<String>,
    is_enabled: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, kind, issuer, client_id, secret_sealed, team_id, key_id, scopes, is_enabled, created_at, updated_at
             FROM identity_providers WHERE tenant_id = $1 ",
            $rest
        )
    };
}

/// All of the store, in the order in which they were added.
///
/// # Errors
/// Postgres is away.
pub async fn list(tx: &TenantTx) -> Result<Vec<StoreProvider>, DbErr> {
    let rows: Vec<Row> = sql::all(tx, select!("ORDER BY id"), [tx.tenant().into()]).await?;
    rows.into_iter().map(Row::shown).collect()
}

/// # Errors
/// `ProviderNotFound`.
pub async fn find(tx: &TenantTx, id: IdentityProviderId) -> Result<StoreProvider, Error> {
    Ok(row(tx, id).await?.ok_or(Error::ProviderNotFound(id))?.shown()?)
}

/// # Errors
/// `Invalid` with every wrong field, `TooManyProviders`.
pub async fn add(tx: &TenantTx, providers: &Providers, clock: &Clock, new: NewProvider) -> Result<StoreProvider, Error> {
    let id = IdentityProviderId::new();
    let checked = checked(providers, id, &new.described)?;
    turn(tx).await?;
    if list(tx).await?.len() >= AT_MOST {
        return Err(Error::TooManyProviders);
    }
    let sealed = providers.0.seal.seal(&place(tx.tenant(), id), new.described.client_secret.as_bytes());
    let text = "INSERT INTO identity_providers (tenant_id, id, name, kind, issuer, client_id, secret_sealed, team_id, key_id, scopes,
                  is_enabled, created_at, updated_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)";
    let values: [Value; 12] = [
        tx.tenant().into(),
        id.into(),
        checked.name.into(),
        checked.kind.as_str().into(),
        new.described.issuer.into(),
        checked.client_id.into(),
        sealed.into(),
        new.described.team_id.into(),
        new.described.key_id.into(),
        checked.scopes.into(),
        new.is_enabled.into(),
        clock.now().into(),
    ];
    sql::run(tx, text, values).await?;
    find(tx, id).await
}

/// # Errors
/// `ProviderNotFound`, `Invalid` with every wrong field.
pub async fn change(
    tx: &TenantTx,
    providers: &Providers,
    clock: &Clock,
    id: IdentityProviderId,
    changes: ProviderChanges,
) -> Result<StoreProvider, Error> {
    turn(tx).await?;
    let row = row(tx, id).await?.ok_or(Error::ProviderNotFound(id))?;
    let place = place(tx.tenant(), id);
    let resealed = changes.client_secret.as_deref().map(|secret| providers.0.seal.seal(&place, secret.as_bytes()));
    let client_secret = match changes.client_secret {
        Some(secret) => secret,
        None => opened(providers, &place, &row.secret_sealed)?,
    };
    let was = row.shown()?;
    let described = Described {
        name: changes.name.unwrap_or(was.name),
        kind: was.kind,
        issuer: was.issuer,
        client_id: changes.client_id.unwrap_or(was.client_id),
        client_secret,
        team_id: changes.team_id.or(was.team_id),
        key_id: changes.key_id.or(was.key_id),
        scopes: changes.scopes.unwrap_or(was.scopes),
        api_url: None,
    };
    let checked = checked(providers, id, &described)?;
    let text = "UPDATE identity_providers SET name = $3, client_id = $4, secret_sealed = coalesce($5, secret_sealed), team_id = $6, key_id = $7, scopes = $8,
                  is_enabled = $9, updated_at = $10 WHERE tenant_id = $1 AND id = $2";
    let values: [Value; 10] = [
        tx.tenant().into(),
        id.into(),
        checked.name.into(),
        checked.client_id.into(),
        resealed.into(),
        described.team_id.into(),
        described.key_id.into(),
        checked.scopes.into(),
        changes.is_enabled.unwrap_or(was.is_enabled).into(),
        clock.now().into(),
    ];
    sql::run(tx, text, values).await?;
    if changes.is_enabled == Some(false) {
        flows::end_of_provider(tx, &id.to_string()).await?;
    }
    find(tx, id).await
}

/// Nobody signs in by it any more, and the sessions of whom it has vouched for end; who they are there stays known, should it come back.
/// Answers which were ended.
///
/// # Errors
/// `ProviderNotFound`.
pub async fn remove(tx: &TenantTx, id: IdentityProviderId) -> Result<Vec<Uuid>, Error> {
    let gone = find(tx, id).await?;
    sql::run(tx, "DELETE FROM identity_providers WHERE tenant_id = $1 AND id = $2", [tx.tenant().into(), id.into()]).await?;
    // First its grants: a session that one of them begins beside this is seen by the statement after.
    flows::end_of_provider(tx, &id.to_string()).await?;
    let issuer = gone.issuer.as_deref().or(gone.kind.issuer());
    let text = "UPDATE customer_refresh_tokens t SET revoked_at = now() FROM customer_identities i
                WHERE t.tenant_id = $1 AND t.revoked_at IS NULL AND i.tenant_id = $1 AND i.customer_id = t.customer_id AND i.issuer = $2
                RETURNING t.family_id";
    let mut ended = BTreeSet::new();
    loop {
        let rows: Vec<Family> = sql::all(tx, text, [tx.tenant().into(), issuer.into()]).await?;
        if rows.is_empty() {
            return Ok(ended.into_iter().collect());
        }
        ended.extend(rows.into_iter().map(|row| row.family_id));
    }
}

#[derive(FromQueryResult)]
struct Family {
    family_id: Uuid,
}

/// A provider by which customers sign in now, ready to be talked to.
///
/// # Errors
/// `UnknownProvider`, also for one that is switched off.
pub(super) async fn open(tx: &TenantTx, providers: &Providers, id: IdentityProviderId) -> Result<Provider, Error> {
    let row = row(tx, id).await?.filter(|row| row.is_enabled).ok_or(Error::UnknownProvider)?;
    let client_secret = opened(providers, &place(tx.tenant(), id), &row.secret_sealed)?;
    let shown = row.shown()?;
    let described = Described {
        name: shown.name,
        kind: shown.kind,
        issuer: shown.issuer,
        client_id: shown.client_id,
        client_secret,
        team_id: shown.team_id,
        key_id: shown.key_id,
        scopes: shown.scopes,
        api_url: None,
    };
    // What was fit when it was saved may not be any more: an address that is our own by now.
    checked(providers, id, &described).map_err(|_| Error::UnknownProvider)
}

/// One change of a store's providers and addresses at a time: what they are counted by holds until the transaction ends.
pub(super) async fn turn(tx: &TenantTx) -> Result<(), DbErr> {
    let text = "SELECT tenant_id FROM store_settings WHERE tenant_id = $1 FOR NO KEY UPDATE";
    sql::run(tx, text, [tx.tenant().into()]).await.map(|_| ())
}

fn checked(providers: &Providers, id: IdentityProviderId, described: &Described) -> Result<Provider, Error> {
    if described.kind != Kind::Oidc && described.issuer.is_some() {
        return Err(Error::Invalid(vec![FieldFault::new("/issuer", "not_wanted", "only a provider of kind `oidc` has one")]));
    }
    let mut provider = Provider::new(id.to_string(), described.clone(), providers.outside(), Reach::Public).map_err(Error::Invalid)?;
    // Those are the same for everybody, and not the store's word.
    if provider.kind != Kind::Oidc {
        provider.reach = Reach::Configured;
    }
    Ok(provider)
}

fn place(tenant: TenantId, id: IdentityProviderId) -> Vec<u8> {
    [b"identity_providers\0".as_slice(), tenant.uuid().as_bytes(), id.uuid().as_bytes()].concat()
}

fn opened(providers: &Providers, place: &[u8], sealed: &[u8]) -> Result<String, Error> {
    let secret = providers.0.seal.open(place, sealed).and_then(|bytes| String::from_utf8(bytes).ok());
    secret.ok_or(Error::Sealed)
}

async fn row(tx: &TenantTx, id: IdentityProviderId) -> Result<Option<Row>, DbErr> {
    sql::one(tx, select!("AND id = $2"), [tx.tenant().into(), id.into()]).await
}

impl Row {
    fn shown(self) -> Result<StoreProvider, DbErr> {
        let kind = self.kind.parse().map_err(|()| DbErr::Type(format!("a provider of kind {}", self.kind)))?;
        Ok(StoreProvider {
            id: self.id,
            name: self.name,
            kind,
            issuer: self.issuer,
            client_id: self.client_id,
            team_id: self.team_id,
            key_id: self.key_id,
            scopes: self.scopes,
            is_enabled: self.is_enabled,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}
