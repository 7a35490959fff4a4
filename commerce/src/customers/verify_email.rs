//! That a customer's address is their own.

use tenancy::TenantDb;

use super::{
    CustomerVerified, Error, SignedInAs,
    codes::{self, Wanted},
    customers,
};
use crate::{
    clock::Clock,
    identity::{self, Codes, codes::Purpose},
    orders, outbox,
};

/// Has another code mailed to the customer's address.
///
/// # Errors
/// `AlreadyVerified`.
pub async fn request_verification(db: &TenantDb, clock: &Clock, who: SignedInAs) -> Result<(), Error> {
    let tx = db.begin().await?;
    let customer = customers::lock(&tx, who.customer).await?;
    if customer.email_verified_at.is_some() {
        return Err(identity::Error::AlreadyVerified.into());
    }
    let wanted = Wanted { purpose: Purpose::VerifyEmail, email: &customer.email, is_registered: false };
    codes::send(&tx, clock, customer.id, wanted).await?;
    Ok(tx.commit().await?)
}

/// Takes the code back from the customer it was mailed to, who is signed in: the code alone would let a stranger register an
/// address and have its owner prove it for them. The orders of the address that nobody owns become theirs.
///
/// # Errors
/// `CodeInvalid`, also when it is another customer's, or the customer has another address by now.
pub async fn verify_email(db: &TenantDb, clock: &Clock, codes: &Codes, who: SignedInAs, code: &str) -> Result<(), Error> {
    let tx = db.begin().await?;
    let proved = codes::redeem(&tx, codes, Purpose::VerifyEmail, code).await?;
    let customer = customers::find(&tx, proved.customer_id).await?;
    if customer.id != who.customer || customer.email != proved.email {
        return Err(identity::Error::CodeInvalid.into());
    }
    customers::set_verified(&tx, clock, customer.id).await?;
    orders::join(&tx, customer.id, &customer.email).await?;
    outbox::record(&tx, clock, &CustomerVerified { customer: customer.id }).await?;
    Ok(tx.commit().await?)
}
