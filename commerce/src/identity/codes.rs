//! Codes that are mailed to an address: whoever sends one back has read what was sent there. A code is derived from its row's
//! id (HMAC with the platform's secret), so that a job can write the mail and a stolen table opens nothing.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement, Value};
use serde::{Deserialize, Serialize};
use tenancy::{AccountId, PlatformTx, TenantId};
use uuid::Uuid;

use super::{Error, accounts, events::AccountCodeRequested, take_back};
use crate::{clock::Clock, ids::InvitationId, outbox};

const PREFIX: &str = "code_";
const INVITATION_PREFIX: &str = "invite_";

/// What is signed says what it is for: a code of one kind is worth nothing as the other.
const ACCOUNT_CODE: &[u8] = b"stoa account code\0";
const INVITATION_CODE: &[u8] = b"stoa invitation code\0";

/// Bytes of a signature that a code carries.
const TAG: usize = 16;

/// How many codes of one purpose an account is sent within an hour; those that it asks for beyond change nothing.
const AT_MOST_AN_HOUR: i64 = 5;

/// What a code is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    VerifyEmail,
    ResetPassword,
    ChangeEmail,
    /// See [`super::take_back`].
    TakeBack,
}

impl Purpose {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::ChangeEmail => "change_email",
            Self::TakeBack => "take_back",
        }
    }

    /// How long its codes work, in minutes.
    pub const fn minutes(self) -> i32 {
        match self {
            Self::VerifyEmail | Self::TakeBack => 3 * 24 * 60,
            Self::ResetPassword | Self::ChangeEmail => 60,
        }
    }
}

/// Makes codes of ids, and finds the ids of codes. Cheap to clone.
#[derive(Clone)]
pub struct Codes(hmac::Key);

impl Codes {
    pub fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The code of a row.
    pub fn write(&self, id: Uuid) -> String {
        self.encode(PREFIX, ACCOUNT_CODE, id.as_bytes())
    }

    /// The code of an invitation. It names the store too: whoever brings it has no other way to say which.
    pub fn write_invitation(&self, store: TenantId, id: InvitationId) -> String {
        self.encode(INVITATION_PREFIX, INVITATION_CODE, &[*store.uuid().as_bytes(), *id.uuid().as_bytes()].concat())
    }

    /// The row that a code names, if the code is one of ours.
    pub(crate) fn read(&self, code: &str) -> Option<Uuid> {
        self.decode::<16>(PREFIX, ACCOUNT_CODE, code).map(Uuid::from_bytes)
    }

    /// The invitation that a code names, if the code is one of ours.
    pub(super) fn read_invitation(&self, code: &str) -> Option<(TenantId, InvitationId)> {
        let bytes = self.decode::<32>(INVITATION_PREFIX, INVITATION_CODE, code)?;
        let (store, id) = bytes.split_at(16);
        Some((TenantId::from_uuid(Uuid::from_slice(store).ok()?), InvitationId::from_uuid(Uuid::from_slice(id).ok()?)))
    }

    pub(super) fn encode(&self, prefix: &str, kind: &[u8], named: &[u8]) -> String {
        let tag = self.sign(kind, named);
        format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode([named, &tag.as_ref()[..TAG]].concat()))
    }

    pub(super) fn decode<const N: usize>(&self, prefix: &str, kind: &[u8], code: &str) -> Option<[u8; N]> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(code.trim().strip_prefix(prefix)?).ok()?;
        let (named, tag) = bytes.split_at_checked(N)?;
        aws_lc_rs::constant_time::verify_slices_are_equal(&self.sign(kind, named).as_ref()[..TAG], tag).ok()?;
        named.try_into().ok()
    }

    pub(super) fn sign(&self, kind: &[u8], named: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(kind);
        context.update(named);
        context.sign()
    }
}

/// Who proved what.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Proved {
    pub account_id: AccountId,
    pub email: String,
}

/// Has a code written for an account's address, or for a new one. None when it has been sent enough of them lately.
pub(super) async fn ask(tx: &PlatformTx, account: AccountId, purpose: Purpose, email: &str) -> Result<Option<Uuid>, DbErr> {
    // Counted in a statement of its own, which sees what the last one who held the lock has asked for.
    accounts::lock(tx, account).await?;
    let sql = "INSERT INTO account_codes (id, account_id, purpose, email, asked_by, created_at, expires_at)
               SELECT $1, a.id, $3, $4, a.email, now(), now() + make_interval(mins => $5) FROM accounts a
               WHERE a.id = $2 AND (SELECT count(*) FROM account_codes WHERE account_id = $2 AND purpose = $3
                      AND created_at > now() - interval '1 hour') < $6";
    let id = Uuid::now_v7();
    // What undoes something is as many as there are things to undo.
    let at_most = if purpose == Purpose::TakeBack { i64::MAX } else { AT_MOST_AN_HOUR };
    let values: [Value; 6] = [id.into(), account.into(), purpose.as_str().into(), email.into(), purpose.minutes().into(), at_most.into()];
    let made = tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok((made.rows_affected() == 1).then_some(id))
}

/// Has a code mailed, in the name of a store; the last thing that its transaction does. One who was sent enough of them lately
/// is sent no more, and is not told so.
///
/// # Errors
/// Postgres is away.
pub(super) async fn send(
    tx: PlatformTx,
    clock: &Clock,
    (account_id, tenant): (AccountId, TenantId),
    purpose: Purpose,
    email: &str,
) -> Result<(), DbErr> {
    let Some(code_id) = ask(&tx, account_id, purpose, email).await? else { return Ok(()) };
    let take_back = if purpose == Purpose::ChangeEmail { take_back::code(&tx, account_id).await? } else { None };
    let tx = tx.enter(tenant).await?;
    outbox::record(&tx, clock, &AccountCodeRequested { account_id, code_id, purpose, take_back }).await?;
    tx.commit().await
}

/// Notes that an address without an account asked: the same work as [`ask`], and nothing follows.
///
/// # Errors
/// Postgres is away.
pub async fn ask_for_nobody(tx: &PlatformTx, purpose: Purpose) -> Result<(), DbErr> {
    let sql = "INSERT INTO account_codes (id, purpose, created_at, expires_at) VALUES ($1, $2, now(), now() + interval '1 hour')";
    let values: [Value; 2] = [Uuid::now_v7().into(), purpose.as_str().into()];
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await.map(|_| ())
}

/// Ends every code that an account could still bring back, but those that undo what is being done.
pub(super) async fn end_all(tx: &PlatformTx, account: AccountId) -> Result<(), DbErr> {
    let sql = "UPDATE account_codes SET used_at = now() WHERE account_id = $1 AND used_at IS NULL AND purpose <> 'take_back'";
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, [account.into()])).await.map(|_| ())
}

/// Takes a code back. It works once, and all others of its purpose end with it. The account is locked from here on: first it, then
/// its codes, in whichever order people come.
///
/// # Errors
/// `CodeInvalid`: not ours, used, expired, or for something else.
pub async fn redeem(tx: &PlatformTx, codes: &Codes, purpose: Purpose, code: &str) -> Result<Proved, Error> {
    let id = codes.read(code).ok_or(Error::CodeInvalid)?;
    let sql = "SELECT 1 FROM accounts WHERE id = (SELECT account_id FROM account_codes WHERE id = $1) FOR NO KEY UPDATE";
    tx.query_one_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, [id.into()])).await?;
    let sql = "WITH redeemed AS (
                 UPDATE account_codes SET used_at = now()
                 WHERE id = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > now() AND account_id IS NOT NULL
                 RETURNING account_id, email),
               others AS (
                 UPDATE account_codes c SET used_at = now() FROM redeemed r
                 WHERE c.account_id = r.account_id AND c.purpose = $2 AND c.used_at IS NULL AND c.id <> $1)
               SELECT account_id, email FROM redeemed";
    let values: [Value; 2] = [id.into(), purpose.as_str().into()];
    let proved = Proved::find_by_statement(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).one(tx).await?;
    proved.ok_or(Error::CodeInvalid)
}

/// What the mails about a code need.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Asked {
    /// The address that the code is to prove.
    pub email: String,
    /// The account's own address when it asked.
    pub asked_by: String,
    pub name: String,
    /// Whether the account's own address is proved: one that is not may be a stranger's, who is shown no name that somebody chose.
    pub is_proved: bool,
    /// Whether the code still works.
    pub is_open: bool,
}

impl Asked {
    /// The name, where it may be said to whoever reads the mail to the address that the code is to prove.
    pub fn name_to_greet(&self) -> Option<&str> {
        (!self.is_to_stranger()).then_some(&self.name)
    }

    /// Whether the address is one that nobody has proved here: whoever reads the mail may never have heard of us.
    pub fn is_to_stranger(&self) -> bool {
        !self.is_proved || self.email != self.asked_by
    }
}

/// Who asked for a code; none when it is gone.
///
/// # Errors
/// Postgres is away.
pub async fn asked(tx: &PlatformTx, id: Uuid) -> Result<Option<Asked>, DbErr> {
    let sql = "SELECT c.email, c.asked_by, a.name, a.email_verified_at IS NOT NULL AS is_proved, c.used_at IS NULL AND c.expires_at > now() AS is_open
               FROM account_codes c JOIN accounts a ON a.id = c.account_id WHERE c.id = $1";
    Asked::find_by_statement(Statement::from_sql_and_values(tx.get_database_backend(), sql, [id.into()])).one(tx).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_names_its_row_and_cannot_be_made_up() {
        let codes = Codes::new(b"a secret of thirty-two bytes or so");
        let id = Uuid::now_v7();
        let code = codes.write(id);
        assert_eq!(codes.read(&code), Some(id));
        assert_eq!(codes.read(&format!(" {code}\n")), Some(id), "as it is copied from a mail");
        assert_eq!(Codes::new(b"another secret of the same length.").read(&code), None);
        let changed = code.replace(|letter: char| letter == code.chars().last().unwrap_or('A'), "B");
        for wrong in ["", "code_", "code_AAAA", "rt_abc", changed.as_str()] {
            assert_eq!(codes.read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_invitations_code_names_its_store_and_opens_nothing_else() {
        let codes = Codes::new(b"a secret of thirty-two bytes or so");
        let (store, id) = (TenantId::new(), InvitationId::new());
        let code = codes.write_invitation(store, id);
        assert!(code.len() <= 100, "as long as the API takes: {code}");
        assert_eq!(codes.read_invitation(&code), Some((store, id)));
        assert_eq!(codes.read(&code.replace(INVITATION_PREFIX, PREFIX)), None);
        assert_eq!(codes.read_invitation(&codes.write(id.uuid()).replace(PREFIX, INVITATION_PREFIX)), None);
        assert_eq!(Codes::new(b"another secret of the same length.").read_invitation(&code), None);
    }
}
