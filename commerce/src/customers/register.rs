//! An account for whoever asks, told to nobody but the address it is for.

use tenancy::TenantDb;

use super::{
    CustomerRegistered, Error,
    codes::{self, Wanted},
    customers,
};
use crate::{
    clock::Clock,
    identity::{Passwords, codes::Purpose},
    outbox,
    text::{Email, clean_line},
};

#[derive(Clone)]
pub struct NewCustomer {
    pub email: Email,
    pub name: String,
    pub password: String,
    /// None when the customer was not asked.
    pub accepts_marketing: Option<bool>,
}

/// Makes a customer, to whose address a code is mailed that proves it. An address that has a customer gets the same answer for
/// the same work: the mail says so, and brings a code for a new password instead.
///
/// # Errors
/// `Invalid` names the field; `UnfitPassword`, `LeakedPassword`, `Busy`.
pub async fn register(db: &TenantDb, passwords: &Passwords, clock: &Clock, new: &NewCustomer) -> Result<(), Error> {
    let email = &new.email;
    let name = clean_line("/name", &new.name, 100).map_err(|fault| Error::Invalid(vec![fault]))?;
    let hash = passwords.hash(email.as_str(), &new.password).await?;
    let tx = db.begin().await?;
    let made = customers::create(&tx, clock, (email, &name), &hash, new.accepts_marketing).await?;
    let (customer, purpose) = match made {
        Some(customer) => {
            outbox::record(&tx, clock, &CustomerRegistered { customer }).await?;
            (Some(customer), Purpose::VerifyEmail)
        }
        None => (customers::get(&tx, email).await?.map(|known| known.id), Purpose::ResetPassword),
    };
    if let Some(customer) = customer {
        let wanted = Wanted { purpose, email: email.as_str(), is_registered: purpose == Purpose::ResetPassword };
        codes::send(&tx, clock, customer, wanted).await?;
    }
    Ok(tx.commit().await?)
}
