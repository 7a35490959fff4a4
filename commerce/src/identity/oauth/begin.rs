//! The first step: a client says where the browser is to come back to, and with which secret it will finish.

use chrono::{DateTime, Utc};
use tenancy::{CustomerId, PlatformDb, TenantDb};
use uuid::Uuid;

use super::{
    Error, Providers,
    flows::{Kept, NewFlow},
    return_urls,
    secrets::Whose,
};
use crate::{clock::Clock, fault::FieldFault, identity::SignedInAs};

/// What a client begins a flow with.
#[derive(Clone, Debug)]
pub struct Begin {
    pub provider: String,
    pub return_to: String,
    /// S256 of the secret that it keeps.
    pub challenge: String,
}

/// Where the browser is to go, and until when it must be back.
#[derive(Clone, Debug)]
pub struct Begun {
    pub authorization_url: String,
    pub expires_at: DateTime<Utc>,
}

/// Begins a flow of an account: of whoever comes back, or one that is linked to who is signed in.
///
/// # Errors
/// `Invalid` at `/code_challenge`, `UnknownProvider`, `UnknownReturnUrl`, `ProviderUnavailable`.
pub async fn begin(
    platform: &PlatformDb,
    (providers, clock): (&Providers, &Clock),
    asked: &Begin,
    linked_to: Option<SignedInAs>,
) -> Result<Begun, Error> {
    if !providers.0.return_urls.contains(&asked.return_to) {
        return Err(Error::UnknownReturnUrl);
    }
    let store = linked_to.map(|who| who.tenant.uuid());
    let linked_to = linked_to.map(|who| who.account.uuid());
    begun(Kept::Account(platform.clone()), Whose::Account, (providers, clock), asked, (store, linked_to)).await
}

/// Begins a flow of a store's customer.
///
/// # Errors
/// As [`begin`].
pub async fn begin_as_customer(
    db: &TenantDb,
    (providers, clock): (&Providers, &Clock),
    asked: &Begin,
    linked_to: Option<CustomerId>,
) -> Result<Begun, Error> {
    let registered = return_urls::list(&db.begin().await?).await?;
    if !registered.iter().any(|registered| registered.url == asked.return_to) {
        return Err(Error::UnknownReturnUrl);
    }
    let whose = Whose::customer(db);
    let named = (Some(db.tenant().uuid()), linked_to.map(CustomerId::uuid));
    begun(Kept::Customer(db.clone()), whose, (providers, clock), asked, named).await
}

async fn begun(
    kept: Kept,
    whose: Whose,
    (providers, clock): (&Providers, &Clock),
    asked: &Begin,
    (store, linked_to): (Option<Uuid>, Option<Uuid>),
) -> Result<Begun, Error> {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if asked.challenge.len() != 43 || !asked.challenge.bytes().all(is_base64) {
        let fault = FieldFault::new("/code_challenge", "challenge", "must be the SHA-256 of the verifier, in base64url without padding");
        return Err(Error::Invalid(vec![fault]));
    }
    let provider = kept.provider(providers, &asked.provider).await?;
    let endpoints = providers.0.documents.endpoints(&provider).await?;
    let id = Uuid::now_v7();
    let authorization_url = providers.authorization_url((&provider, &endpoints), (whose, id), clock.now())?;
    let new = NewFlow { id, store, linked_to, provider: &provider.id, return_to: &asked.return_to, challenge: &asked.challenge };
    let expires_at = kept.begin(&new).await?;
    Ok(Begun { authorization_url, expires_at })
}
