//! Opening a checkout: the cart is frozen, priced and its stock held, all in one transaction or not at all.

use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};
use tenancy::{Tenant, TenantDb, TenantTx};

use super::{
    Checkout, Details, Error, Status, View,
    change::{Cleaned, clean},
    checkouts::{apply, demands, insert_lines, pricing, rows, set_status, view},
    entity::checkout,
};
use crate::{
    cart::{Cart, CartStore},
    clock::Clock,
    fault::OnConstraint,
    ids::{self, CartId, CheckoutId},
    inventory::reservations::{self, Ending},
    payments,
};

/// How often two openings of one cart may get into each other's way.
const ATTEMPTS: u32 = 3;

#[derive(Clone, Debug)]
pub struct NewCheckout {
    pub cart: CartId,
    pub details: Details,
}

/// Opens a checkout of a cart for the store's `reservation_minutes`, for whoever `carts` is seen by. An open checkout of the same
/// cart is called off and gives back what it held. Details that are not given are taken from the cart.
///
/// # Errors
/// `OutOfStock` and `Unavailable` name the lines; `CartEmpty`, `CartOrdered`; `InProgress` while the cart is being paid for.
pub async fn open(db: &TenantDb, carts: &CartStore, clock: &Clock, store: &Tenant, new: NewCheckout) -> Result<View, Error> {
    let details = clean(new.details)?;
    let cart = carts.find(db, new.cart).await?;
    let mut outcome = Err(Error::InProgress);
    for _ in 0..ATTEMPTS {
        outcome = attempt(db, carts, (clock, store), &cart, &details).await;
        match &outcome {
            Err(Error::OutOfStock { variants, .. }) if free_expired(db, clock, variants).await? => {}
            Err(Error::InProgress) => {}
            _ => break,
        }
    }
    outcome
}

async fn free_expired(db: &TenantDb, clock: &Clock, variants: &[ids::VariantId]) -> Result<bool, Error> {
    let tx = db.begin().await?;
    let is_free = reservations::expire_due(&tx, clock, variants).await?;
    tx.commit().await?;
    Ok(is_free)
}

async fn attempt(
    db: &TenantDb,
    carts: &CartStore,
    (clock, store): (&Clock, &Tenant),
    cart: &Cart,
    details: &Cleaned,
) -> Result<View, Error> {
    let tx = db.begin().await?;
    let country = details.shipping_address.iter().flatten().map(|address| address.country.as_str()).next();
    let priced = carts.priced(&tx, cart, country).await?;
    if !priced.unavailable.is_empty() {
        let gone = |id| priced.cart.lines.iter().position(|line| line.id == id).map(|place| format!("/lines/{place}"));
        return Err(Error::Unavailable { pointers: priced.unavailable.iter().filter_map(|line| gone(line.id)).collect() });
    }
    if priced.lines.is_empty() {
        return Err(Error::CartEmpty);
    }
    call_off_open(&tx, clock, cart.id).await?;
    let method = details.shipping_method.flatten();
    let email = details.email.clone().unwrap_or_else(|| priced.cart.email.clone()).map(crate::text::Email::into_string);
    let shipping_address = details.shipping_address.clone().unwrap_or_else(|| priced.cart.shipping_address.clone());
    let currency = priced.cart.currency;
    let (money, options) = pricing(priced, method)?;
    let now = clock.now();
    let mut checkout = Checkout {
        tenant_id: tx.tenant(),
        id: ids::secret::<CheckoutId>(),
        cart_id: cart.id,
        customer_id: carts.customer(),
        status: Status::Open,
        email,
        shipping_address,
        billing_address: details.billing_address.clone().flatten(),
        shipping_method_id: method,
        shipping_method_name: None,
        currency,
        prices_include_tax: money.prices_include_tax,
        subtotal: 0,
        shipping_total: 0,
        tax_total: 0,
        total: 0,
        version: 1,
        expires_at: now + chrono::TimeDelta::minutes(i64::from(store.reservation_minutes)),
        completing_at: None,
        created_at: now,
        updated_at: now,
    };
    apply(&mut checkout, &money);
    let (lines, tax_lines) = rows(&checkout, &money, &[]);
    let row = checkout.clone().into_active_model();
    let inserted = checkout::Entity::insert(row).exec_without_returning(&tx).await;
    inserted.on_constraint("checkouts_one_live_key", || Error::InProgress)?;
    insert_lines(&tx, &lines, &tax_lines).await?;
    let short = reservations::reserve(&tx, checkout.id, &demands(&lines), store.reservation_minutes).await?;
    if !short.is_empty() {
        let place = |line: &&super::CheckoutLine| short.contains(&line.variant_id);
        let pointers = lines.iter().filter(place).map(|line| format!("/lines/{}", line.position)).collect();
        return Err(Error::OutOfStock { variants: short, pointers });
    }
    tx.commit().await?;
    Ok(view(checkout, lines, tax_lines, options, None))
}

/// Calls off the open checkout of the cart, if there is one.
///
/// # Errors
/// `CartOrdered`; `InProgress` while the cart is being paid for.
pub async fn call_off_open(tx: &TenantTx, clock: &Clock, cart: CartId) -> Result<(), Error> {
    let earlier = checkout::Entity::find()
        .filter(checkout::Column::TenantId.eq(tx.tenant()))
        .filter(checkout::Column::CartId.eq(cart))
        .filter(checkout::Column::Status.is_in([Status::Open, Status::Completing, Status::Completed]))
        .lock_exclusive()
        .all(tx)
        .await?;
    for checkout in earlier {
        match checkout.status {
            Status::Completed => return Err(Error::CartOrdered),
            Status::Completing => return Err(Error::InProgress),
            _ if payments::lock_of_checkout(tx, checkout.id).await?.iter().any(|payment| payment.status.is_live()) => {
                return Err(Error::InProgress);
            }
            _ => {}
        }
        reservations::release(tx, clock, checkout.id, Ending::Released).await?;
        set_status(tx, clock, checkout, Status::Cancelled).await?;
    }
    Ok(())
}
