//! Signing in as who somebody is elsewhere, by the store's own provider or by one of the platform.

use tenancy::{CustomerId, Tenant, TenantDb, TenantTx};

use super::{
    CustomerRegistered, CustomerVerified, Error, SignedIn, customers, identities,
    sign_in::{bring_cart, enter},
};
use crate::{
    cart::CartStore,
    clock::Clock,
    identity::{
        Device,
        oauth::{self, Brought, Proof, Providers},
    },
    ids::CartId,
    outbox,
    text::clean_line,
};

#[derive(Clone)]
pub struct SignInByProvider {
    pub brought: Brought,
    /// The cart that was filled as a guest.
    pub cart: Option<CartId>,
    /// Of who is new; what the provider tells where it is absent.
    pub name: Option<String>,
    /// Of who is new; none when they were not asked.
    pub accepts_marketing: Option<bool>,
}

/// Signs a customer in. Who is new becomes a customer, if the provider has proved their address and nobody has it here: from then on
/// orders that were placed with it are theirs.
///
/// The grant is looked at first and taken last, with the beginning of the session: however many bring it at once, there is one
/// customer and one session, and the guest's cart counts once.
///
/// # Errors
/// `GrantInvalid`; `EmailUnproved`, `LinkFirst` for who is new; `Invalid` at `/name`.
pub async fn sign_in_by_provider(
    db: &TenantDb,
    (providers, carts, clock): (&Providers, &CartStore, &Clock),
    store: &Tenant,
    request: &SignInByProvider,
    device: &Device,
) -> Result<SignedIn, Error> {
    let tx = db.begin().await?;
    let proof = oauth::look_as_customer(&tx, providers, &request.brought).await?;
    let id = match identities::owner(&tx, &proof).await? {
        Some(id) => id,
        None => welcome(&tx, clock, &proof, request).await?,
    };
    tx.commit().await?;
    let is_cart_merged = bring_cart(db, (carts, clock), store, id, request.cart).await?;
    let tx = db.begin().await?;
    let proof = oauth::redeem_as_customer(&tx, providers, &request.brought, None).await?;
    let customer = customers::lock(&tx, id).await?;
    // Under the lock: it may have been taken away since.
    if identities::owner(&tx, &proof).await? != Some(id) {
        return Err(oauth::Error::GrantInvalid.into());
    }
    let session = enter(&tx, &customer, device).await?;
    tx.commit().await?;
    Ok(SignedIn { session, is_cart_merged })
}

/// A customer without a password, whose address is proved. Whoever was a moment faster with the same grant has made them already.
async fn welcome(tx: &TenantTx, clock: &Clock, proof: &Proof, request: &SignInByProvider) -> Result<CustomerId, Error> {
    let email = proof.email.as_ref().ok_or(oauth::Error::EmailUnproved)?;
    let local_part = email.as_str().split('@').next().unwrap_or_default();
    let name = request.name.as_deref().or(proof.name.as_deref()).unwrap_or(local_part);
    let name = clean_line("/name", name, 100).map_err(|fault| Error::Invalid(vec![fault]))?;
    let Some(customer) = customers::create_proved(tx, clock, (email, &name), request.accepts_marketing).await? else {
        return identities::owner(tx, proof).await?.ok_or(Error::OAuth(oauth::Error::LinkFirst));
    };
    identities::insert(tx, clock, customer, proof).await?;
    outbox::record(tx, clock, &CustomerRegistered { customer }).await?;
    outbox::record(tx, clock, &CustomerVerified { customer }).await?;
    Ok(customer)
}
