//! A job on its way: whose it is, which fact asked for it, and under which trace.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tenancy::TenantId;

use crate::jobs::Job;

/// What is stored in `waiting_jobs.job` and, later, in `apalis.jobs.job`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Envelope {
    /// Whose rows the job may touch; none for the platform's own work (sweeping, pruning).
    pub tenant: Option<TenantId>,
    /// The same key never has its effect twice for the same tenant and kind: the fact's id, or the tick of a schedule.
    pub key: String,
    /// When the fact happened, so that its way to the job can be measured.
    pub caused_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_parent: Option<String>,
    pub job: Job,
}

impl Envelope {
    /// Unique in its lane. Starts with the tenant, by which the relay counts what a tenant already holds of a lane.
    pub fn idempotency_key(&self) -> String {
        let tenant = self.tenant.map_or_else(|| "platform".to_owned(), |tenant| tenant.uuid().to_string());
        format!("{tenant}:{}:{}", self.job.kind(), self.key)
    }
}
