//! A new password by who knows the old one, or a first one by who has just signed in without any.

use tenancy::TenantDb;
use uuid::Uuid;

use super::{CustomerPasswordChanged, Error, SignedInAs, customers, reauthenticate, sessions};
use crate::{
    clock::Clock,
    identity::{self, Passwords},
    outbox,
};

/// Sets another password and ends every other session. Answers which were ended.
///
/// # Errors
/// `WrongPassword`, `SignInAgain`, `UnfitPassword` or `LeakedPassword` for the new one, `Busy`.
pub async fn change_password(
    db: &TenantDb,
    passwords: &Passwords,
    clock: &Clock,
    who: SignedInAs,
    (current, new): (Option<&str>, &str),
) -> Result<Vec<Uuid>, Error> {
    let before = reauthenticate(db, passwords, who, current).await?;
    let hash = passwords.hash(&before.email, new).await?;
    let tx = db.begin().await?;
    // Whoever changed it in between knew the same password, and was first.
    if customers::lock(&tx, who.customer).await?.password_hash != before.password_hash {
        return Err(identity::Error::WrongPassword.into());
    }
    customers::set_password(&tx, clock, who.customer, &hash).await?;
    let ended = sessions::end_others(&tx, who).await?;
    outbox::record(&tx, clock, &CustomerPasswordChanged { customer: who.customer }).await?;
    tx.commit().await?;
    Ok(ended)
}
