//! Signing in. No transaction is open while a password is checked, or while carts are merged.

use tenancy::{CustomerId, Tenant, TenantDb, TenantTx};

use super::{
    Customer, Error, current_cart, customers,
    sessions::{self, Session},
};
use crate::{
    cart::CartStore,
    clock::Clock,
    identity::{self, Device, Passwords},
    ids::CartId,
    orders,
    text::Email,
};

#[derive(Clone)]
pub struct SignIn {
    pub email: Email,
    pub password: String,
    /// The cart that was filled as a guest.
    pub cart: Option<CartId>,
}

/// A session that has just begun.
#[derive(Clone)]
pub struct SignedIn {
    pub session: Session,
    /// Whether what the guest's cart held is in the customer's.
    pub is_cart_merged: bool,
}

/// Signs a customer in. The guest's cart is merged before the session begins: a sign-in that is repeated because its answer was
/// lost merges no more. When the address is proved, orders that were placed with it since, and that nobody owns, become theirs.
///
/// # Errors
/// `WrongCredentials`, the same for an unknown address and for the same work; `Busy`.
pub async fn sign_in(
    db: &TenantDb,
    (passwords, carts, clock): (&Passwords, &CartStore, &Clock),
    store: &Tenant,
    request: &SignIn,
    device: &Device,
) -> Result<SignedIn, Error> {
    let wrong = || Error::Identity(identity::Error::WrongCredentials);
    let known = customers::get(&db.begin().await?, &request.email).await?;
    let (id, hash) = known.map(|customer| (customer.id, customer.password_hash)).unzip();
    let hash = hash.flatten();
    let fits = passwords.fit(&request.password, hash.clone()).await?;
    let id = id.filter(|_| fits).ok_or_else(wrong)?;
    let is_cart_merged = bring_cart(db, (carts, clock), store, id, request.cart).await?;
    let tx = db.begin().await?;
    // Under the lock, so that no session of an old password begins beside a change that ends them all.
    let customer = match customers::lock(&tx, id).await {
        // Another password, or a closed account.
        Ok(customer) if customer.password_hash != hash => return Err(wrong()),
        Err(Error::NotFound(_)) => return Err(wrong()),
        found => found?,
    };
    let session = enter(&tx, &customer, device).await?;
    tx.commit().await?;
    Ok(SignedIn { session, is_cart_merged })
}

/// The guest's cart becomes a part of the customer's, if there is one.
pub(super) async fn bring_cart(
    db: &TenantDb,
    (carts, clock): (&CartStore, &Clock),
    store: &Tenant,
    of: CustomerId,
    cart: Option<CartId>,
) -> Result<bool, Error> {
    match cart {
        Some(cart) => current_cart::take_in(db, carts, clock, store, (of, cart)).await,
        None => Ok(false),
    }
}

/// The last step of every way to sign in: begins a session of a customer who has proved who they are, and whom the caller has
/// locked.
pub(super) async fn enter(tx: &TenantTx, customer: &Customer, device: &Device) -> Result<Session, Error> {
    let session = sessions::begin(tx, customer.id, device).await?;
    if customer.email_verified_at.is_some() {
        orders::join(tx, customer.id, &customer.email).await?;
    }
    Ok(session)
}
