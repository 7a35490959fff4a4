use chrono::{DateTime, Utc};
use commerce::stores::audit;
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::Serialize;
use tenancy::{OperatorId, TenantId};

use crate::{
    Problem,
    context::{Operator, Paging},
    json::{Id, Page},
};

pub(super) fn router() -> Router {
    Router::with_path("audit").get(list)
}

/// Something an operator did.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "AuditEntry"))]
struct Entry {
    operator: Id<OperatorId>,
    /// `tenants.suspend`, …
    action: String,
    tenant: Option<Id<TenantId>>,
    /// What it was done to, where the tenant alone does not say it: a job, a support session.
    subject: Option<String>,
    reason: Option<String>,
    request_id: Option<String>,
    occurred_at: DateTime<Utc>,
}

impl From<audit::Entry> for Entry {
    fn from(entry: audit::Entry) -> Self {
        Self {
            operator: entry.operator_id.into(),
            action: entry.action,
            tenant: entry.tenant.map(Id),
            subject: entry.subject,
            reason: entry.reason,
            request_id: entry.request_id,
            occurred_at: entry.occurred_at,
        }
    }
}

/// List what operators did, the newest first.
#[endpoint]
async fn list(operator: Operator, paging: Paging) -> Result<Page<Entry>, Problem> {
    let tx = operator.platform.begin().await?;
    Ok(Page::of(audit::list(&tx, &paging.0).await?))
}
