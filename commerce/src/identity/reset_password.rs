//! A new password by who reads the account's mail.

use tenancy::PlatformDb;
use uuid::Uuid;

use super::{
    Codes, Error, Passwords, accounts,
    codes::{self, Purpose},
    events::AccountPasswordChanged,
    oauth::identities,
    second_factors::{self, Subject},
    sessions,
    sign_in::memberships,
    take_back,
};
use crate::{clock::Clock, outbox, text::Email};

/// Has a code mailed to an account's address. An address without an account, or one that has asked often, gets the same
/// answer; nothing is sent.
///
/// # Errors
/// Postgres is away.
pub async fn request_password_reset(platform: &PlatformDb, clock: &Clock, email: &Email) -> Result<(), Error> {
    let tx = platform.begin().await?;
    let known = match accounts::get(&tx, email).await? {
        Some(account) => memberships(&tx, account.id).await?.into_iter().next().map(|store| (account.id, store.tenant)),
        None => None,
    };
    let Some(known) = known else {
        codes::ask_for_nobody(&tx, Purpose::ResetPassword).await?;
        return Ok(tx.commit().await?);
    };
    Ok(codes::send(tx, clock, known, Purpose::ResetPassword, email.as_str()).await?)
}

/// Sets the password of whose mail the code came by, and ends all sessions. Answers which were ended. The address is proved
/// by it, and ways to sign in go that somebody linked before it was, or lately.
///
/// # Errors
/// `CodeInvalid`, also when the account has another address by now; `UnfitPassword`, `LeakedPassword` (the code still works then), `Busy`.
pub async fn reset_password(
    platform: &PlatformDb,
    passwords: &Passwords,
    clock: &Clock,
    codes: &Codes,
    (code, password): (&str, &str),
) -> Result<Vec<Uuid>, Error> {
    // Looked at first, so that only a code that works costs a hash; taken back below, in the transaction that counts.
    let proved = codes::redeem(&platform.begin().await?, codes, Purpose::ResetPassword, code).await?;
    let hash = passwords.hash(&proved.email, password).await?;
    let tx = platform.begin().await?;
    let proved = codes::redeem(&tx, codes, Purpose::ResetPassword, code).await?;
    identities::forget_unproved(&tx, proved.account_id).await?;
    identities::forget_recent(&tx, proved.account_id).await?;
    if !accounts::mark_verified(&tx, clock, proved.account_id, &proved.email).await? {
        return Err(Error::CodeInvalid);
    }
    accounts::set_password(&tx, clock, proved.account_id, &hash).await?;
    if !second_factors::has_any(&tx, Subject::Account(proved.account_id)).await? {
        // Who reads the mail has the account: nobody who has read it before takes it away again.
        take_back::end_of_address(&tx, proved.account_id).await?;
    }
    let ended = sessions::end_all(&tx, proved.account_id.uuid()).await?;
    if let Some(store) = memberships(&tx, proved.account_id).await?.into_iter().next() {
        let tx = tx.enter(store.tenant).await?;
        outbox::record(&tx, clock, &AccountPasswordChanged { account_id: proved.account_id }).await?;
        tx.commit().await?;
    } else {
        tx.commit().await?;
    }
    Ok(ended)
}
