//! The last step: a client brings the grant and the secret that it began with.

use tenancy::{AccountId, CustomerId, PlatformDb, PlatformTx, TenantTx};

use super::{
    Error, Proof, Providers,
    flows::{self, Wanted},
    identities,
    secrets::{Whose, challenge_of},
};
use crate::{
    clock::Clock,
    identity::{Device, SignedIn, accounts, sign_in::enter},
};

/// What a client finishes a flow with.
#[derive(Clone)]
pub struct Brought {
    pub grant: String,
    /// Whose challenge the flow began with.
    pub verifier: String,
}

/// Signs in to one store the account that an identity is linked to. An error that the client can mend leaves the grant as it was.
///
/// # Errors
/// `GrantInvalid`; `IdentityUnknown`, or `LinkFirst` when the address that the provider has proved has an account; those of signing
/// in.
pub async fn sign_in(
    platform: &PlatformDb,
    providers: &Providers,
    brought: &Brought,
    store: Option<&str>,
    device: &Device,
) -> Result<SignedIn, Error> {
    let tx = platform.begin().await?;
    let proof = redeem(&tx, providers, brought).await?;
    let Some(account) = identities::owner(&tx, &proof).await? else {
        let is_known = match &proof.email {
            Some(email) => accounts::get(&tx, email).await?.is_some(),
            None => false,
        };
        return Err(if is_known { Error::LinkFirst } else { Error::IdentityUnknown });
    };
    Ok(enter(tx, account, store, device).await?)
}

/// Makes the account of an identity that nobody has yet: without a password, its address proved.
///
/// # Errors
/// `EmailUnproved`; `LinkFirst` when the address has an account.
pub(crate) async fn new_account(tx: &PlatformTx, clock: &Clock, proof: &Proof, name: &str) -> Result<AccountId, Error> {
    let email = proof.email.as_ref().ok_or(Error::EmailUnproved)?;
    let account = accounts::create_proved(tx, clock, (email, name)).await?.ok_or(Error::LinkFirst)?;
    identities::insert(tx, clock, account, proof).await?;
    Ok(account)
}

/// Who a grant stands for. It goes on working until it is redeemed.
///
/// # Errors
/// `GrantInvalid`.
pub(crate) async fn look(tx: &PlatformTx, providers: &Providers, brought: &Brought) -> Result<Proof, Error> {
    flows::look(tx, wanted(providers, Whose::Account, brought, None)?).await
}

/// Takes the grant of somebody who signs in.
///
/// # Errors
/// `GrantInvalid`.
pub(crate) async fn redeem(tx: &PlatformTx, providers: &Providers, brought: &Brought) -> Result<Proof, Error> {
    flows::take(tx, wanted(providers, Whose::Account, brought, None)?).await
}

/// Takes the grant of somebody who is signed in and links.
pub(super) async fn redeem_to_link(tx: &PlatformTx, providers: &Providers, brought: &Brought, who: AccountId) -> Result<Proof, Error> {
    flows::take(tx, wanted(providers, Whose::Account, brought, Some(who.uuid()))?).await
}

/// Who a customer's grant stands for. It goes on working until it is redeemed.
///
/// # Errors
/// `GrantInvalid`.
pub(crate) async fn look_as_customer(tx: &TenantTx, providers: &Providers, brought: &Brought) -> Result<Proof, Error> {
    flows::look(tx, wanted(providers, Whose::Customer(tx.tenant()), brought, None)?).await
}

/// Takes a customer's grant.
///
/// # Errors
/// `GrantInvalid`.
pub(crate) async fn redeem_as_customer(
    tx: &TenantTx,
    providers: &Providers,
    brought: &Brought,
    linked_to: Option<CustomerId>,
) -> Result<Proof, Error> {
    flows::take(tx, wanted(providers, Whose::Customer(tx.tenant()), brought, linked_to.map(CustomerId::uuid))?).await
}

fn wanted(providers: &Providers, whose: Whose, brought: &Brought, linked_to: Option<uuid::Uuid>) -> Result<Wanted, Error> {
    let id = providers.codes().read_grant(whose, &brought.grant).ok_or(Error::GrantInvalid)?;
    Ok(Wanted { whose, id, challenge: challenge_of(&brought.verifier), linked_to })
}
