//! The only door to Postgres: two pools, two roles, two kinds of transaction.

mod platform;
mod pool;
mod revisions;
mod tenant;
mod transaction;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use sea_orm::DbErr;
use sqlx::PgPool;

pub use platform::{PlatformDb, PlatformTx};
pub use tenant::{TenantDb, TenantTx};

use crate::TenantId;
pub(crate) use revisions::Revisions;

/// Where the two roles connect, and how many connections each may hold.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// Role `stoa_app`: behind row security, one tenant a transaction.
    pub app_url: String,
    /// Role `stoa_platform`: reads across tenants.
    pub platform_url: String,
    pub app_connections: u32,
    pub platform_connections: u32,
    /// What Postgres shows of these connections (`application_name`): the program.
    pub application_name: &'static str,
}

/// Both pools of a process. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    app: PgPool,
    platform: PgPool,
    statements: Arc<AtomicU64>,
    revisions: Revisions,
}

impl Database {
    /// Opens both pools and proves each with one connection.
    ///
    /// # Errors
    /// Postgres cannot be reached, or a role may not sign in.
    pub async fn connect(config: &DatabaseConfig) -> Result<Self, DbErr> {
        let name = ("application_name", config.application_name);
        let app = pool::open(&config.app_url, config.app_connections, &[name]).await?;
        // Its statements jump from row to row over indexes; to join two whole tables is never what they mean.
        let settings = [name, ("enable_hashjoin", "off"), ("enable_mergejoin", "off")];
        let platform = pool::open(&config.platform_url, config.platform_connections, &settings).await?;
        Ok(Self { app, platform, statements: Arc::default(), revisions: Revisions::default() })
    }

    pub fn tenant(&self, tenant: TenantId) -> TenantDb {
        TenantDb::new(self.app.clone(), tenant, self.statements.clone(), self.revisions.clone())
    }

    pub fn platform(&self) -> PlatformDb {
        PlatformDb::new(self.platform.clone(), self.statements.clone(), self.revisions.clone())
    }

    /// How many statements (BEGIN and COMMIT included, ROLLBACK not) were sent since the start.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    pub(crate) fn revisions(&self) -> &Revisions {
        &self.revisions
    }

    /// Whether both roles get an answer now.
    pub async fn is_ready(&self) -> bool {
        let ask = |pool: PgPool| async move { sqlx::query("SELECT 1").execute(&pool).await.is_ok() };
        ask(self.app.clone()).await && ask(self.platform.clone()).await
    }

    /// A listener on the platform's notifications; it reconnects by itself.
    pub(crate) async fn listen(&self, channels: &[&str]) -> Result<sqlx::postgres::PgListener, sqlx::Error> {
        let mut listener = sqlx::postgres::PgListener::connect_with(&self.platform).await?;
        listener.listen_all(channels.iter().copied()).await?;
        Ok(listener)
    }

    /// Waits for the connections in use and closes both pools.
    pub async fn close(&self) {
        self.app.close().await;
        self.platform.close().await;
    }
}
