use chrono::{DateTime, Utc};
use commerce::{ids::SupportSessionId, stores::support};
use salvo::oapi::ToSchema;
use serde::Serialize;
use tenancy::OperatorId;

use super::Id;

/// A time in which an operator may see a store and set right what it sells. Never its money, keys or team.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SupportSession {
    id: Id<SupportSessionId>,
    operator_id: Id<OperatorId>,
    /// The operator's name.
    operator: String,
    reason: String,
    began_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    /// When it was ended before its time.
    ended_at: Option<DateTime<Utc>>,
    /// `account:acct_…`, `key:key_…`, `operator:oper_…`.
    ended_by: Option<String>,
}

impl From<support::SupportSession> for SupportSession {
    fn from(session: support::SupportSession) -> Self {
        Self {
            id: session.id.into(),
            operator_id: session.operator_id.into(),
            operator: session.operator,
            reason: session.reason,
            began_at: session.began_at,
            expires_at: session.expires_at,
            ended_at: session.ended_at,
            ended_by: session.ended_by,
        }
    }
}
