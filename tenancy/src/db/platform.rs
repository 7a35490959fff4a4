//! Across tenants: sign-in, host look-up, the relay, operators.

use std::sync::{Arc, atomic::AtomicU64};

use sea_orm::{ConnectionTrait, DbErr};
use sqlx::PgPool;

use super::{
    revisions::Revisions,
    tenant::{TenantTx, inside},
    transaction::{Transaction, sea_orm_connection},
};
use crate::{Acting, TenantId};

/// The database as the platform sees it.
#[derive(Clone)]
pub struct PlatformDb {
    pool: PgPool,
    statements: Arc<AtomicU64>,
    revisions: Revisions,
    acting: Option<Arc<Acting>>,
}

impl PlatformDb {
    pub(super) fn new(pool: PgPool, statements: Arc<AtomicU64>, revisions: Revisions) -> Self {
        Self { pool, statements, revisions, acting: None }
    }

    /// The same, with every change of a tenant's rows written into that store's audit log.
    #[must_use]
    pub fn acting(self, acting: Acting) -> Self {
        Self { acting: Some(Arc::new(acting)), ..self }
    }

    /// # Errors
    /// No connection was free in time, or Postgres is away.
    pub async fn begin(&self) -> Result<PlatformTx, DbErr> {
        let tx = Transaction::begin(&self.pool, "BEGIN".to_owned(), self.statements.clone()).await?;
        Ok(PlatformTx { tx, revisions: self.revisions.clone(), acting: self.acting.clone() })
    }
}

/// A transaction that reads every tenant's rows and writes the platform's own. Dropped, it is rolled back.
pub struct PlatformTx {
    tx: Transaction,
    revisions: Revisions,
    acting: Option<Arc<Acting>>,
}

sea_orm_connection!(PlatformTx);

impl PlatformTx {
    /// The same transaction, from here on inside one tenant: the only way in which the platform writes a tenant's rows.
    ///
    /// # Errors
    /// Postgres is away.
    pub async fn enter(self, tenant: TenantId) -> Result<TenantTx, DbErr> {
        self.execute_unprepared(&inside(tenant, self.acting.as_deref())).await?;
        Ok(TenantTx { tx: self.tx, tenant, revisions: self.revisions })
    }

    /// # Errors
    /// The commit failed or its answer was lost; in the second case nobody knows yet whether it happened.
    pub async fn commit(self) -> Result<(), DbErr> {
        self.tx.commit().await
    }
}
