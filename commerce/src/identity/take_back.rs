//! An account given back to who reads the mail of its address, for the day on which somebody else knew its password.
//!
//! Until it has a second factor, an account is its mailbox's: whoever reads that gets a new password. The notice of its first second factor,
//! and that of a change of address to the address that is left, therefore carry a code which undoes both. An account that has a factor gets
//! no such code: a mailbox alone never goes round one.

use sea_orm::{ConnectionTrait, DbErr, Statement};
use tenancy::{AccountId, PlatformDb, PlatformTx};
use uuid::Uuid;

use super::{
    Codes, Error, Passwords, accounts,
    codes::{self, Purpose},
    events::AccountPasswordChanged,
    oauth::identities,
    second_factors::{self, Subject},
    sessions,
    sign_in::memberships,
};
use crate::{clock::Clock, outbox};

/// A code for the present address of an account, where that is proved and no second factor guards the account.
pub(super) async fn code(tx: &PlatformTx, account: AccountId) -> Result<Option<Uuid>, DbErr> {
    let Some(found) = accounts::open(tx, account).await?.filter(|found| found.email_verified_at.is_some()) else { return Ok(None) };
    if second_factors::has_any(tx, Subject::Account(account)).await? {
        return Ok(None);
    }
    codes::ask(tx, account, Purpose::TakeBack, &found.email).await
}

/// Ends the codes that were mailed to the present address of an account: who reads it now has another one, or the account itself. Codes of an
/// address that the account has left go on.
pub(super) async fn end_of_address(tx: &PlatformTx, account: AccountId) -> Result<(), DbErr> {
    let sql = "UPDATE account_codes c SET used_at = now() FROM accounts a
               WHERE a.id = $1 AND c.account_id = a.id AND c.purpose = 'take_back' AND c.used_at IS NULL AND c.email = a.email";
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, [account.into()]);
    tx.execute_raw(statement).await.map(|_| ())
}

/// Gives the account the address back that the code was mailed to, and a new password; takes away its second factors, what was linked
/// lately, and every session. Answers which sessions were ended.
///
/// # Errors
/// `CodeInvalid`; `UnfitPassword`, `LeakedPassword` (the code still works then); `EmailTaken` when another account has proved the address
/// meanwhile; `Busy`.
pub async fn take_back(
    platform: &PlatformDb,
    passwords: &Passwords,
    clock: &Clock,
    codes: &Codes,
    (code, password): (&str, &str),
) -> Result<Vec<Uuid>, Error> {
    // Looked at first, so that only a code that works costs a hash.
    let proved = codes::redeem(&platform.begin().await?, codes, Purpose::TakeBack, code).await?;
    let hash = passwords.hash(&proved.email, password).await?;
    let tx = platform.begin().await?;
    let proved = codes::redeem(&tx, codes, Purpose::TakeBack, code).await?;
    let account = proved.account_id;
    make_way(&tx, account, &proved.email).await?;
    accounts::set_email(&tx, clock, account, &proved.email).await?;
    identities::forget_recent(&tx, account).await?;
    accounts::set_password(&tx, clock, account, &hash).await?;
    second_factors::remove_all(&tx, Subject::Account(account)).await?;
    let ended = sessions::end_all(&tx, account.uuid()).await?;
    let Some(store) = memberships(&tx, account).await?.into_iter().next() else {
        tx.commit().await?;
        return Ok(ended);
    };
    let tx = tx.enter(store.tenant).await?;
    outbox::record(&tx, clock, &AccountPasswordChanged { account_id: account }).await?;
    tx.commit().await?;
    Ok(ended)
}

/// Whoever has opened another account with the address, and never proved it, has it no longer: its mail is read by who takes back.
async fn make_way(tx: &PlatformTx, account: AccountId, email: &str) -> Result<(), DbErr> {
    let sql = "UPDATE accounts SET email = id || '@erased.invalid', updated_at = now()
               WHERE email = $1 AND id <> $2 AND email_verified_at IS NULL RETURNING id";
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, [email.into(), account.into()]);
    if let Some(row) = tx.query_one_raw(statement).await? {
        codes::end_all(tx, row.try_get("", "id")?).await?;
    }
    Ok(())
}
