//! Another address for a customer: asked for by who proves once more to be them, proved by a code that is mailed to the new address, and told
//! to the old one when it is asked for.

use tenancy::TenantDb;
use uuid::Uuid;

use super::{
    CustomerEmailChanged, Error, SignedInAs,
    codes::{self, Wanted},
    customers, reauthenticate, sessions,
};
use crate::{
    clock::Clock,
    identity::{self, Codes, Passwords, codes::Purpose},
    orders, outbox,
    text::Email,
};

/// Has a code mailed to the new address, and the old one told. An address that another customer has gets the same answer;
/// nothing is sent.
///
/// # Errors
/// `WrongPassword`, `SignInAgain`, `Busy`.
pub async fn request_email_change(
    db: &TenantDb,
    passwords: &Passwords,
    clock: &Clock,
    who: SignedInAs,
    (password, new): (Option<&str>, &Email),
) -> Result<(), Error> {
    reauthenticate(db, passwords, who, password).await?;
    let tx = db.begin().await?;
    if customers::get(&tx, new).await?.is_none() {
        let wanted = Wanted { purpose: Purpose::ChangeEmail, email: new.as_str(), is_registered: false };
        codes::send(&tx, clock, who.customer, wanted).await?;
    }
    Ok(tx.commit().await?)
}

/// Takes the code back: the customer has the new address, proved, and their other sessions end. Answers which were ended. The
/// orders of the new address that nobody owns become theirs.
///
/// # Errors
/// `CodeInvalid`, also when it is another customer's; `EmailTaken` when somebody registered the address meanwhile.
pub async fn change_email(db: &TenantDb, clock: &Clock, codes: &Codes, who: SignedInAs, code: &str) -> Result<Vec<Uuid>, Error> {
    let tx = db.begin().await?;
    let proved = codes::redeem(&tx, codes, Purpose::ChangeEmail, code).await?;
    if proved.customer_id != who.customer {
        return Err(identity::Error::CodeInvalid.into());
    }
    customers::set_email(&tx, clock, who.customer, &proved.email).await?;
    orders::join(&tx, who.customer, &proved.email).await?;
    let ended = sessions::end_others(&tx, who).await?;
    outbox::record(&tx, clock, &CustomerEmailChanged { customer: who.customer }).await?;
    tx.commit().await?;
    Ok(ended)
}
