//! A new password by who knows the old one, or a first one by who has just signed in without any.

use tenancy::PlatformDb;
use uuid::Uuid;

use super::{
    Error, Passwords, accounts,
    events::AccountPasswordChanged,
    reauthenticate::reauthenticate,
    sessions::{self, SignedInAs},
};
use crate::{clock::Clock, outbox};

/// Sets another password and ends every other session. Answers which were ended.
///
/// # Errors
/// `WrongPassword`, `SignInAgain`, `UnfitPassword` or `LeakedPassword` for the new one, `Busy`.
pub async fn change_password(
    platform: &PlatformDb,
    passwords: &Passwords,
    clock: &Clock,
    who: SignedInAs,
    (current, new): (Option<&str>, &str),
) -> Result<Vec<Uuid>, Error> {
    let account = reauthenticate(platform, passwords, who, current).await?;
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
