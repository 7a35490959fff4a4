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

/// Takes the code back. Who has it reads the mail, and who is signed in knows the password: it takes both, so that nobody proves the
/// account that a stranger has opened in their name.
///
/// # Errors
/// `CodeInvalid`, also when it is another account's, or the account has another address by now.
pub async fn verify_email(platform: &PlatformDb, clock: &Clock, codes: &Codes, who: SignedInAs, code: &str) -> Result<(), Error> {
    let tx = platform.begin().await?;
    let proved = codes::redeem(&tx, codes, Purpose::VerifyEmail, code).await?;
    if proved.account_id != who.account || !accounts::mark_verified(&tx, clock, proved.account_id, &proved.email).await? {
        return Err(Error::CodeInvalid);
    }
    Ok(tx.commit().await?)
}
