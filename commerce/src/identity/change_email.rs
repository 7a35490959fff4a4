//! Another address for an account: asked for by who proves once more to be them, proved by a code that is mailed to the new address, and told
//! to the old one when it is asked for.

use tenancy::PlatformDb;
use uuid::Uuid;

use super::{
    Codes, Error, Passwords, accounts,
    codes::{self, Purpose},
    reauthenticate::reauthenticate_and_hold,
    sessions::{self, SignedInAs},
};
use crate::{clock::Clock, text::Email};

/// Has a code mailed to the new address, and the old one told. An address that another account has gets the same answer;
/// nothing is sent.
///
/// # Errors
/// `WrongPassword`, `SignInAgain`, `Busy`.
pub async fn request_email_change(
    platform: &PlatformDb,
    passwords: &Passwords,
    clock: &Clock,
    who: SignedInAs,
    (password, new): (Option<&str>, &Email),
) -> Result<(), Error> {
    let (tx, _) = reauthenticate_and_hold(platform, passwords, who, password).await?;
    if accounts::get(&tx, new).await?.is_some() {
        codes::ask_for_nobody(&tx, Purpose::ChangeEmail).await?;
        return Ok(tx.commit().await?);
    }
    Ok(codes::send(tx, clock, (who.account, who.tenant), Purpose::ChangeEmail, new.as_str()).await?)
}

/// Takes the code back: the account has the new address, proved, and its other sessions end. Answers which were ended.
///
/// # Errors
/// `CodeInvalid`, also when the code is another account's; `EmailTaken` when somebody opened an account with it meanwhile.
pub async fn change_email(platform: &PlatformDb, clock: &Clock, codes: &Codes, who: SignedInAs, code: &str) -> Result<Vec<Uuid>, Error> {
    let tx = platform.begin().await?;
    let proved = codes::redeem(&tx, codes, Purpose::ChangeEmail, code).await?;
    if proved.account_id != who.account {
        return Err(Error::CodeInvalid);
    }
    accounts::set_email(&tx, clock, who.account, &proved.email).await?;
    let ended = sessions::end_others(&tx, who.account.uuid(), Some(who.session)).await?;
    tx.commit().await?;
    Ok(ended)
}
