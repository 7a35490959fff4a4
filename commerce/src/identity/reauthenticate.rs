use sea_orm::{ConnectionTrait, DbErr, Statement};
use tenancy::{PlatformDb, PlatformTx};

use super::{
    Error, Passwords,
    accounts::{self, Profile},
    sessions::SignedInAs,
    step_up::FRESH_MINUTES,
};

/// Asks once more who has a session, before what is theirs alone is touched: by the account's password; where it has none, a sign-in of
/// the last [`FRESH_MINUTES`] stands in for it. Answers the account as it was found; see [`accounts::still_has`].
///
/// # Errors
/// `WrongPassword`, `SignInAgain`, `SessionEnded`, `Busy`.
pub(super) async fn reauthenticate(
    platform: &PlatformDb,
    passwords: &Passwords,
    who: SignedInAs,
    password: Option<&str>,
) -> Result<Profile, Error> {
    let tx = platform.begin().await?;
    let account = accounts::find(&tx, who.account).await?;
    if account.password_hash.is_none() {
        return if is_fresh(&tx, who).await? { Ok(account) } else { Err(Error::SignInAgain) };
    }
    drop(tx);
    if !passwords.fit(password.unwrap_or_default(), account.password_hash.clone()).await? {
        return Err(Error::WrongPassword);
    }
    Ok(account)
}

/// [`reauthenticate`], and then a transaction that holds the account, which is as it was found: whoever has changed the password meanwhile
/// was first.
///
/// # Errors
/// As [`reauthenticate`].
pub(super) async fn reauthenticate_and_hold(
    platform: &PlatformDb,
    passwords: &Passwords,
    who: SignedInAs,
    password: Option<&str>,
) -> Result<(PlatformTx, Profile), Error> {
    let account = reauthenticate(platform, passwords, who, password).await?;
    let tx = platform.begin().await?;
    if !accounts::still_has(&tx, who.account, account.password_hash.as_deref()).await? {
        return Err(Error::WrongPassword);
    }
    Ok((tx, account))
}

async fn is_fresh(tx: &PlatformTx, who: SignedInAs) -> Result<bool, DbErr> {
    let sql = "SELECT 1 FROM refresh_tokens WHERE family_id = $1 AND principal_id = $2 AND used_at IS NULL AND revoked_at IS NULL
               AND proved_at > now() - make_interval(mins => $3)";
    let values = [who.session.into(), who.account.into(), FRESH_MINUTES.into()];
    Ok(tx.query_one_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?.is_some())
}
