//! What a job is given when it runs, and how it answers.

use std::{ops::Deref, sync::Arc};

use chrono::{DateTime, Utc};
use commerce::fault::{Fault, Kind};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tenancy::{TenantDb, TenantId, TenantTx};

use crate::{ctx::Ctx, envelope::Envelope};

/// One attempt at a job. Lends everything of [`Ctx`].
pub struct Call {
    ctx: Ctx,
    tenant: Option<TenantId>,
    kind: &'static str,
    key: String,
    caused_at: DateTime<Utc>,
    trace_parent: Option<String>,
}

impl Call {
    pub(crate) fn new(ctx: &Ctx, envelope: &Envelope) -> Self {
        Self {
            ctx: ctx.clone(),
            tenant: envelope.tenant,
            kind: envelope.job.kind(),
            key: envelope.key.clone(),
            caused_at: envelope.caused_at,
            trace_parent: envelope.trace_parent.clone(),
        }
    }

    pub fn kind(&self) -> &'static str {
        self.kind
    }

    pub fn key(&self) -> &str {
        &self.key
    }

    /// When the fact happened that asked for the job.
    pub fn caused_at(&self) -> DateTime<Utc> {
        self.caused_at
    }

    /// The trace that the job belongs to, for jobs that follow from it.
    pub fn trace_parent(&self) -> Option<&str> {
        self.trace_parent.as_deref()
    }

    /// # Errors
    /// For ever, when the job is the platform's own.
    pub fn tenant(&self) -> Result<TenantId, JobError> {
        self.tenant.ok_or_else(|| JobError::fail(anyhow::anyhow!("the job {} names no tenant", self.kind)))
    }

    /// # Errors
    /// As [`Call::tenant`].
    pub fn db(&self) -> Result<TenantDb, JobError> {
        Ok(self.ctx.database.tenant(self.tenant()?))
    }

    /// Begins the job's one transaction and marks the job as handled in it, so that its effect and the mark are saved
    /// together or not at all. `None`: an earlier attempt has saved both.
    ///
    /// # Errors
    /// Postgres is away.
    pub async fn once(&self) -> Result<Option<TenantTx>, JobError> {
        let tx = self.db()?.begin().await?;
        let mark = "INSERT INTO handled_jobs (tenant_id, kind, key, handled_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        let values = [tx.tenant().uuid().into(), self.kind.into(), self.key.as_str().into(), self.ctx.clock.now().into()];
        let marked = tx.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, mark, values)).await?;
        Ok((marked.rows_affected() == 1).then_some(tx))
    }
}

impl Deref for Call {
    type Target = Ctx;

    fn deref(&self) -> &Ctx {
        &self.ctx
    }
}

/// Why an attempt failed. Its text is kept with the dead letter and shown to operators: never an address, a name or a token.
#[derive(Clone, Debug, thiserror::Error)]
pub enum JobError {
    /// Worth another attempt, later.
    #[error("{0:#}")]
    Retry(Arc<anyhow::Error>),
    /// No attempt can succeed: a dead letter at once.
    #[error("{0:#}")]
    Fail(Arc<anyhow::Error>),
}

impl JobError {
    pub fn retry(error: impl Into<anyhow::Error>) -> Self {
        Self::Retry(Arc::new(error.into()))
    }

    pub fn fail(error: impl Into<anyhow::Error>) -> Self {
        Self::Fail(Arc::new(error.into()))
    }
}

/// A refusal by a rule is final; whatever may look different in a minute is tried again.
impl<E: Fault> From<E> for JobError {
    fn from(fault: E) -> Self {
        match fault.kind() {
            Kind::Invalid | Kind::NotFound | Kind::Forbidden | Kind::Unauthorized | Kind::PaymentRequired | Kind::Gone | Kind::TooLarge => {
                Self::fail(fault)
            }
            Kind::Conflict | Kind::Outdated | Kind::TooMany | Kind::Unavailable | Kind::Internal => Self::retry(fault),
        }
    }
}
