//! That an account's address is its own.

use tenancy::PlatformDb;

use super::{
    Codes, Error, accounts,
    change_password::SignedInAs,
    codes::{self, Purpose},
    events::AccountCodeRequested,
};
use crate::{clock::Clock, outbox};

/// Has a code mailed to the account's address.
///
/// # Errors
/// `AlreadyVerified`.
pub async fn request_verification(platform: &PlatformDb, clock: &Clock, who: SignedInAs) -> Result<(), Error> {
    let tx = platform.begin().await?;
    let account = accounts::find(&tx, who.account).await?;
    if account.email_verified_at.is_some() {
        return Err(Error::AlreadyVerified);
    }
    let Some(code_id) = codes::ask(&tx, who.account, Purpose::VerifyEmail, &account.email).await? else { return Ok(()) };
    let tx = tx.enter(who.tenant).await?;
    outbox::record(&tx, clock, &AccountCodeRequested { account_id: who.account, code_id, purpose: Purpose::VerifyEmail }).await?;
    Ok(tx.commit().await?)
}

/// Takes the code back. Needs no session: whoever has the code reads the mail.
///
/// # Errors
/// `CodeInvalid`, also when the account has another address by now.
pub async fn verify_email(platform: &PlatformDb, clock: &Clock, codes: &Codes, code: &str) -> Result<(), Error> {
    let tx = platform.begin().await?;
    let proved = codes::redeem(&tx, codes, Purpose::VerifyEmail, code).await?;
    if !accounts::mark_verified(&tx, clock, proved.account_id, &proved.email).await? {
        return Err(Error::CodeInvalid);
    }
    Ok(tx.commit().await?)
}
