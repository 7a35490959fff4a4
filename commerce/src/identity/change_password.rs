//! A new password by who knows the old one.

use tenancy::PlatformDb;
use uuid::Uuid;

use super::{
    Error, Passwords, accounts,
    events::AccountPasswordChanged,
    sessions::{self, SignedInAs},
};
use crate::{clock::Clock, outbox};

/// Sets another password and ends every other session. Answers which were ended.
///
/// # Errors
/// `WrongPassword`, `UnfitPassword` or `LeakedPassword` for the new one, `Busy`.
pub async fn change_password(
    platform: &PlatformDb,
    passwords: &Passwords,
    clock: &Clock,
    who: SignedInAs,
    (current, new): (&str, &str),
) -> Result<Vec<Uuid>, Error> {
    let account = accounts::find(&platform.begin().await?, who.account).await?;
    if !passwords.fit(current, account.password_hash.clone()).await? {
        return Err(Error::WrongPassword);
    }
    let hash = passwords.hash(&account.email, new).await?;
    let tx = platform.begin().await?;
    // Whoever changed it in between knew the same password, or read the mail, and was first.
    if !accounts::still_has(&tx, who.account, account.password_hash.as_deref()).await? {
        return Err(Error::WrongPassword);
    }
    accounts::set_password(&tx, clock, who.account, &hash).await?;
    let ended = sessions::end_others(&tx, who.account.uuid(), Some(who.session)).await?;
    let tx = tx.enter(who.tenant).await?;
    outbox::record(&tx, clock, &AccountPasswordChanged { account_id: who.account }).await?;
    tx.commit().await?;
    Ok(ended)
}
