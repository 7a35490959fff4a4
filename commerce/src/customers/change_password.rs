//! A new password by who knows the old one.

use tenancy::{CustomerId, TenantDb};
use uuid::Uuid;

use super::{CustomerPasswordChanged, Error, SignedInAs, customers, sessions};
use crate::{
    clock::Clock,
    identity::{self, Passwords},
    outbox,
};

/// Sets another password and ends every other session. Answers which were ended.
///
/// # Errors
/// `WrongPassword`, `UnfitPassword` or `LeakedPassword` for the new one, `Busy`.
pub async fn change_password(
    db: &TenantDb,
    passwords: &Passwords,
    clock: &Clock,
    who: SignedInAs,
    (current, new): (&str, &str),
) -> Result<Vec<Uuid>, Error> {
    let before = customers::find(&db.begin().await?, who.customer).await?;
    if !passwords.fit(current, before.password_hash.clone()).await? {
        return Err(identity::Error::WrongPassword.into());
    }
    let hash = passwords.hash(&before.email, new).await?;
    let tx = db.begin().await?;
    // Whoever changed it in between knew the same password, and was first.
    if customers::lock(&tx, who.customer).await?.password_hash != before.password_hash {
        return Err(identity::Error::WrongPassword.into());
    }
    customers::set_password(&tx, clock, who.customer, &hash).await?;
    let ended = sessions::end_others(&tx, who.customer, Some(who.session)).await?;
    outbox::record(&tx, clock, &CustomerPasswordChanged { customer: who.customer }).await?;
    tx.commit().await?;
    Ok(ended)
}

/// That whoever is signed in as a customer is the customer: asked before what cannot be undone, or what tells everything.
///
/// # Errors
/// `WrongPassword`, `Busy`.
pub async fn check_password(db: &TenantDb, passwords: &Passwords, id: CustomerId, password: &str) -> Result<(), Error> {
    let customer = customers::find(&db.begin().await?, id).await?;
    let hash = customer.password_hash.filter(|_| customer.closed_at.is_none());
    if passwords.fit(password, hash).await? { Ok(()) } else { Err(identity::Error::WrongPassword.into()) }
}
