//! Inside one tenant.

use std::sync::{Arc, atomic::AtomicU64};

use sea_orm::DbErr;
use sqlx::PgPool;

use super::{
    platform::Entered,
    revisions::Revisions,
    transaction::{Transaction, sea_orm_connection},
};
use crate::{Acting, TenantId};

/// The database as one tenant sees it. Owns no transaction: what it is given to may begin several.
#[derive(Clone)]
pub struct TenantDb {
    pool: PgPool,
    tenant: TenantId,
    statements: Arc<AtomicU64>,
    revisions: Revisions,
    acting: Option<Arc<Acting>>,
}

impl TenantDb {
    pub(super) fn new(pool: PgPool, tenant: TenantId, statements: Arc<AtomicU64>, revisions: Revisions) -> Self {
        Self { pool, tenant, statements, revisions, acting: None }
    }

    /// The same, with every change written into the store's audit log.
    #[must_use]
    pub fn acting(self, acting: Acting) -> Self {
        Self { acting: Some(Arc::new(acting)), ..self }
    }

    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Begins a transaction inside the tenant, in one round trip.
    ///
    /// # Errors
    /// No connection was free in time, or Postgres is away.
    pub async fn begin(&self) -> Result<TenantTx, DbErr> {
        let begin = format!("BEGIN; {}", inside(self.tenant, self.acting.as_deref()));
        let tx = Transaction::begin(&self.pool, begin, self.statements.clone()).await?;
        Ok(TenantTx { tx, tenant: self.tenant, revisions: self.revisions.clone(), entered: None })
    }
}

/// A transaction inside one tenant: row security shows and takes that tenant's rows only. Dropped, it is rolled back.
pub struct TenantTx {
    pub(super) tx: Transaction,
    pub(super) tenant: TenantId,
    pub(super) revisions: Revisions,
    /// What it was before the platform entered; none for a tenant's own, which has nowhere else to go.
    pub(super) entered: Option<Entered>,
}

sea_orm_connection!(TenantTx);

impl TenantTx {
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// # Errors
    /// The commit failed or its answer was lost; in the second case nobody knows yet whether it happened.
    pub async fn commit(self) -> Result<(), DbErr> {
        let committed = self.tx.commit().await;
        // Also after a failure: its answer may be all that was lost.
        self.revisions.raise(self.tenant);
        committed
    }
}

/// What puts a transaction inside a tenant, and says on whose behalf. A UUID's text holds nothing to inject.
pub(super) fn inside(tenant: TenantId, acting: Option<&Acting>) -> String {
    let mut text = format!("SET LOCAL app.tenant_id = '{}'", tenant.uuid());
    if let Some(acting) = acting {
        text.push_str("; ");
        text.push_str(&acting.statement());
    }
    text
}
