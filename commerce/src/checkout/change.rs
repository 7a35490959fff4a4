//! Changing the details of an open checkout: any change prices it anew and gives it its full time again.

use sea_orm::{ActiveModelTrait, IntoActiveModel, Set};
use tenancy::{Tenant, TenantTx};

use super::{
    Error, Status, View,
    checkouts::{apply, lines, lock, replace_lines, reprice, rows, view},
};
use crate::{
    address::Address,
    clock::Clock,
    fault::FieldFault,
    ids::{CheckoutId, CustomerId, ShippingMethodId},
    inventory::reservations,
    payments,
    text::Email,
};

/// What a shopper says of themselves. Outer None leaves a detail as it is, inner None clears it.
#[derive(Clone, Debug, Default)]
pub struct Details {
    pub email: Option<Option<String>>,
    pub shipping_address: Option<Option<Address>>,
    pub billing_address: Option<Option<Address>>,
    pub shipping_method: Option<Option<ShippingMethodId>>,
}

/// [`Details`] in the form they are kept in.
#[derive(Clone, Debug)]
pub(super) struct Cleaned {
    pub email: Option<Option<Email>>,
    pub shipping_address: Option<Option<Address>>,
    pub billing_address: Option<Option<Address>>,
    pub shipping_method: Option<Option<ShippingMethodId>>,
}

pub(super) fn clean(details: Details) -> Result<Cleaned, Error> {
    let mut faults = Vec::new();
    let email = details.email.map(|email| {
        let parsed = email.map(|email| email.parse::<Email>()).transpose();
        parsed.unwrap_or_else(|error| {
            faults.push(FieldFault::new("/email", "email", error.to_string()));
            None
        })
    });
    let mut address = |pointer: &str, given: Option<Option<Address>>| {
        given.map(|address| address.and_then(|address| address.clean(pointer).map_err(|wrong| faults.extend(wrong)).ok()))
    };
    let shipping_address = address("/shipping_address", details.shipping_address);
    let billing_address = address("/billing_address", details.billing_address);
    if faults.is_empty() {
        Ok(Cleaned { email, shipping_address, billing_address, shipping_method: details.shipping_method })
    } else {
        Err(Error::Invalid(faults))
    }
}

/// Changes an open checkout. A method that does not ship to a new address is dropped, unless it was asked for in this
/// very change.
///
/// # Errors
/// `NotFound`, also when it is another customer's; `Expired`, `InProgress`, `ShippingMethodUnavailable`, or fields that are not
/// valid.
pub async fn change(
    tx: &TenantTx,
    clock: &Clock,
    store: &Tenant,
    (id, customer): (CheckoutId, Option<CustomerId>),
    details: Details,
) -> Result<View, Error> {
    let details = clean(details)?;
    let locked = lock(tx, id).await?;
    let mut checkout = locked.checkout;
    checkout.check_seen_by(customer)?;
    match checkout.status {
        Status::Open if locked.is_expired => return Err(Error::Expired),
        Status::Open => {}
        Status::Completing | Status::Completed => return Err(Error::InProgress),
        Status::Expired => return Err(Error::Expired),
        Status::Cancelled => return Err(Error::Cancelled),
    }
    if payments::lock_of_checkout(tx, id).await?.iter().any(|payment| payment.status.is_live()) {
        return Err(Error::InProgress);
    }
    if let Some(email) = details.email {
        checkout.email = email.map(Email::into_string);
    }
    if let Some(address) = details.shipping_address {
        checkout.shipping_address = address;
    }
    if let Some(address) = details.billing_address {
        checkout.billing_address = address;
    }
    if let Some(method) = details.shipping_method {
        checkout.shipping_method_id = method;
    }
    let before = lines(tx, id).await?;
    let (pricing, options) = match reprice(tx, clock, &checkout, &before).await {
        Err(Error::ShippingMethodUnavailable) if details.shipping_method.is_none() => {
            checkout.shipping_method_id = None;
            reprice(tx, clock, &checkout, &before).await?
        }
        other => other?,
    };
    apply(&mut checkout, &pricing);
    let (after, tax_lines) = rows(&checkout, &pricing, &before);
    replace_lines(tx, id, (&before, &after), &tax_lines).await?;
    checkout.version += 1;
    checkout.updated_at = clock.now();
    checkout.expires_at = reservations::extend(tx, id, store.reservation_minutes).await?.until;
    save(tx, &checkout).await?;
    Ok(view(checkout, after, tax_lines, options, None))
}

/// Writes every column of the row.
pub(super) async fn save(tx: &TenantTx, checkout: &super::Checkout) -> Result<(), Error> {
    let mut row = checkout.clone().into_active_model().reset_all();
    row.tenant_id = sea_orm::ActiveValue::Unchanged(checkout.tenant_id);
    row.id = sea_orm::ActiveValue::Unchanged(checkout.id);
    row.created_at = Set(checkout.created_at);
    row.update(tx).await?;
    Ok(())
}
