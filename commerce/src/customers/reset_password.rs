//! A new password by who reads the customer's mail.

use tenancy::TenantDb;
use uuid::Uuid;

use super::{
    CustomerPasswordChanged, Error,
    codes::{self, Wanted},
    customers, identities, sessions,
};
use crate::{
    clock::Clock,
    identity::{self, Codes, Passwords, codes::Purpose},
    orders, outbox,
    text::Email,
};

/// Has a code mailed to a customer's address. An address without a customer, or one that has asked often, gets the same answer;
/// nothing is sent.
///
/// # Errors
/// Postgres is away.
pub async fn request_password_reset(db: &TenantDb, clock: &Clock, email: &Email) -> Result<(), Error> {
    let tx = db.begin().await?;
    if let Some(customer) = customers::get(&tx, email).await? {
        let wanted = Wanted { purpose: Purpose::ResetPassword, email: email.as_str(), is_registered: false };
        codes::send(&tx, clock, customer.id, wanted).await?;
    }
    Ok(tx.commit().await?)
}

/// Sets the password of whose mail the code came by, and ends all sessions. Answers which were ended. The address is proved
/// by it: whoever else had registered it is out, with all that they have left, and with them the ways to sign in that were linked lately.
///
/// # Errors
/// `CodeInvalid`, also when the customer has another address by now; `UnfitPassword`, `LeakedPassword` (the code still works then), `Busy`.
pub async fn reset_password(
    db: &TenantDb,
    passwords: &Passwords,
    clock: &Clock,
    codes: &Codes,
    (code, password): (&str, &str),
) -> Result<Vec<Uuid>, Error> {
    // Looked at first, so that only a code that works costs a hash; taken back below, in the transaction that counts.
    let proved = codes::redeem(&db.begin().await?, codes, Purpose::ResetPassword, code).await?;
    let hash = passwords.hash(&proved.email, password).await?;
    let tx = db.begin().await?;
    let proved = codes::redeem(&tx, codes, Purpose::ResetPassword, code).await?;
    let customer = customers::find(&tx, proved.customer_id).await?;
    if customer.email != proved.email {
        return Err(identity::Error::CodeInvalid.into());
    }
    if customer.email_verified_at.is_none() {
        customers::forget_stranger(&tx, clock, customer.id).await?;
    }
    identities::forget_recent(&tx, customer.id).await?;
    customers::set_password(&tx, clock, customer.id, &hash).await?;
    if customer.email_verified_at.is_none() {
        // Somebody else may have registered the address, linked themselves, and waited.
        identities::forget(&tx, customer.id).await?;
    }
    customers::set_verified(&tx, clock, customer.id).await?;
    orders::join(&tx, customer.id, &customer.email).await?;
    let ended = sessions::end_all(&tx, customer.id).await?;
    outbox::record(&tx, clock, &CustomerPasswordChanged { customer: customer.id }).await?;
    tx.commit().await?;
    Ok(ended)
}
