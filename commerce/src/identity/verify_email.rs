//! That an account's address is its own.

use tenancy::PlatformDb;

use super::{
    Codes, Error, accounts,
    codes::{self, Purpose},
    sessions::SignedInAs,
};
use crate::clock::Clock;

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
    Ok(codes::send(tx, clock, (who.account, who.tenant), Purpose::VerifyEmail, &account.email).await?)
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
