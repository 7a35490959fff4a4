//! A sign-in that waits for its second factor. Whoever brought the password gets a challenge, and a session for the challenge and a
//! code: within five minutes, after five tries at most, once. It says who signs in and where, so that nothing of that is asked again.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};
use tenancy::{AccountId, OperatorId, PlatformTx, TenantId, directory::hash_of};
use uuid::Uuid;

use super::{Error, Subject, run, statement};
use crate::ids::InvitationId;

const PREFIX: &str = "sfc_";
const LIVES_MINUTES: i32 = 5;
const TRIES: i32 = 5;

/// Shown once; only its hash is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge(String);

impl Challenge {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenge(…)")
    }
}

/// Where a challenge leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leads {
    IntoStore(AccountId, TenantId),
    /// Into a store that the account joins by an invitation.
    IntoTeam(AccountId, TenantId, InvitationId),
    ToPlatform(OperatorId),
}

impl Leads {
    pub(crate) const fn subject(self) -> Subject {
        match self {
            Self::IntoStore(account, _) | Self::IntoTeam(account, ..) => Subject::Account(account),
            Self::ToPlatform(operator) => Subject::Operator(operator),
        }
    }
}

/// Makes a challenge. `tx` is to be committed.
pub(crate) async fn open(tx: &PlatformTx, leads: Leads) -> Result<Challenge, DbErr> {
    let mut random = [0_u8; 32];
    rand::fill(&mut random);
    let challenge = Challenge(format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(random)));
    let (tenant, invitation) = match leads {
        Leads::IntoStore(_, tenant) => (Some(tenant), None),
        Leads::IntoTeam(_, tenant, invitation) => (Some(tenant), Some(invitation)),
        Leads::ToPlatform(_) => (None, None),
    };
    let sql =
        "INSERT INTO sign_in_challenges (principal, principal_id, id, token_hash, tenant, invitation_id, tries, created_at, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6, 0, now(), now() + make_interval(mins => $7))";
    let values: [Value; 5] = [
        Uuid::now_v7().into(),
        hash(&challenge.0),
        tenant.map(TenantId::uuid).into(),
        invitation.map(InvitationId::uuid).into(),
        LIVES_MINUTES.into(),
    ];
    run(tx, sql, leads.subject(), values).await?;
    Ok(challenge)
}

/// An open challenge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    id: Uuid,
    pub leads: Leads,
}

/// What a challenge leads to; one try of it is used up if `tx` is committed. From here on it is its person's turn.
///
/// # Errors
/// `ChallengeEnded`: it was never made, led elsewhere, was used or tried too often, has expired; or who signs in is gone.
pub(crate) async fn try_once(tx: &PlatformTx, kind: &'static str, challenge: &str) -> Result<Open, Error> {
    let sql = "SELECT principal, principal_id FROM sign_in_challenges WHERE token_hash = $1 AND principal = $2";
    let values = || [hash(challenge), Value::from(kind)];
    let found = tx.query_one_raw(statement(sql, values())).await?.ok_or(Error::ChallengeEnded)?;
    let id: Uuid = found.try_get("", "principal_id")?;
    let subject = match kind {
        "operator" => Subject::Operator(OperatorId::from_uuid(id)),
        _ => Subject::Account(AccountId::from_uuid(id)),
    };
    // Before the challenge's own row is locked: a new password locks the person first and ends challenges then.
    if !subject.turn(tx).await? {
        return Err(Error::ChallengeEnded);
    }
    let sql = "UPDATE sign_in_challenges SET tries = tries + 1
               WHERE token_hash = $1 AND principal = $2 AND used_at IS NULL AND expires_at > now() AND tries < $3 RETURNING id, tenant, invitation_id";
    let [hash, kind] = values();
    let row = Row::find_by_statement(statement(sql, [hash, kind, TRIES.into()])).one(tx).await?.ok_or(Error::ChallengeEnded)?;
    let leads = match (subject, row.tenant.map(TenantId::from_uuid), row.invitation_id) {
        (Subject::Account(account), Some(tenant), None) => Leads::IntoStore(account, tenant),
        (Subject::Account(account), Some(tenant), Some(id)) => Leads::IntoTeam(account, tenant, InvitationId::from_uuid(id)),
        (Subject::Operator(operator), None, None) => Leads::ToPlatform(operator),
        _ => return Err(Error::ChallengeEnded),
    };
    Ok(Open { id: row.id, leads })
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    tenant: Option<Uuid>,
    invitation_id: Option<Uuid>,
}

/// It was answered.
pub(crate) async fn close(tx: &PlatformTx, open: Open) -> Result<(), DbErr> {
    let sql = "UPDATE sign_in_challenges SET used_at = now() WHERE id = $1";
    tx.execute_raw(statement(sql, [open.id.into()])).await.map(|_| ())
}

/// Ends all of somebody, as after a new password.
pub(crate) async fn end_all(tx: &PlatformTx, of: Uuid) -> Result<(), DbErr> {
    let sql = "UPDATE sign_in_challenges SET used_at = now() WHERE principal_id = $1 AND used_at IS NULL";
    tx.execute_raw(statement(sql, [of.into()])).await.map(|_| ())
}

fn hash(challenge: &str) -> Value {
    hash_of(challenge).to_vec().into()
}
