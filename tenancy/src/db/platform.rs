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
        let entered = Some(Entered { acting: self.acting });
        Ok(TenantTx { tx: self.tx, tenant, revisions: self.revisions, entered })
    }

    /// The same, on behalf of somebody of whom nobody knew when it began.
    #[must_use]
    pub fn acting(self, acting: Acting) -> Self {
        Self { acting: Some(Arc::new(acting)), ..self }
    }

    /// # Errors
    /// The commit failed or its answer was lost; in the second case nobody knows yet whether it happened.
    pub async fn commit(self) -> Result<(), DbErr> {
        self.tx.commit().await
    }
}

/// A platform's transaction that is inside a tenant.
pub(super) struct Entered {
    acting: Option<Arc<Acting>>,
}

impl TenantTx {
    /// The platform's transaction again, outside every tenant: for what happens in several stores or in none.
    ///
    /// # Errors
    /// The transaction was not begun by the platform; Postgres is away.
    pub async fn leave(self) -> Result<PlatformTx, DbErr> {
        self.execute_unprepared("SET LOCAL app.tenant_id = ''; SET LOCAL app.acting = ''").await?;
        match self.entered {
            Some(Entered { acting }) => Ok(PlatformTx { tx: self.tx, revisions: self.revisions, acting }),
            None => Err(DbErr::Custom("a tenant's own transaction stays inside the tenant".to_owned())),
        }
    }
}
