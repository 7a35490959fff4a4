//! A transaction as a sea-orm connection, with its settings made in the same round trip that begins it. What is not committed is
//! rolled back by the pool when it takes the connection back (see `pool.rs`): once, and not a second time by sqlx.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use sea_orm::{DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement};
use sea_query_sqlx::SqlxValues;
use sqlx::{AssertSqlSafe, Executor, PgConnection, PgPool, Postgres, pool::PoolConnection, query::Query};
use tokio::sync::Mutex;

use super::pool::lost;

pub(super) struct Transaction {
    inner: Mutex<PoolConnection<Postgres>>,
    statements: Arc<AtomicU64>,
}

impl Transaction {
    /// `text` is all of the first round trip. Nothing in it may fail: a failed begin leaves an aborted
    /// transaction behind.
    pub(super) async fn begin(pool: &PgPool, text: String, statements: Arc<AtomicU64>) -> Result<Self, DbErr> {
        let pool = pool.clone();
        // In a task of its own: a caller that is dropped here must not leave the connection half begun.
        let begun = tokio::spawn(async move {
            let mut connection = pool.acquire().await?;
            connection.execute(AssertSqlSafe(text)).await?;
            Ok(connection)
        });
        let inner = begun.await.map_err(|error| DbErr::Custom(error.to_string()))?.map_err(lost)?;
        statements.fetch_add(1, Ordering::Relaxed);
        Ok(Self { inner: Mutex::new(inner), statements })
    }

    pub(super) async fn commit(self) -> Result<(), DbErr> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        self.inner.into_inner().execute("COMMIT").await.map_err(failed).map(|_| ())
    }

    pub(super) async fn execute(&self, statement: &Statement) -> Result<ExecResult, DbErr> {
        let mut held = self.count().await;
        let connection: &mut PgConnection = &mut held;
        prepared(statement).execute(connection).await.map(Into::into).map_err(failed)
    }

    pub(super) async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let mut held = self.count().await;
        let connection: &mut PgConnection = &mut held;
        connection.execute(AssertSqlSafe(sql.to_owned())).await.map(Into::into).map_err(failed)
    }

    pub(super) async fn one(&self, statement: &Statement) -> Result<Option<QueryResult>, DbErr> {
        let mut held = self.count().await;
        let connection: &mut PgConnection = &mut held;
        Ok(prepared(statement).fetch_optional(connection).await.map_err(asked)?.map(Into::into))
    }

    pub(super) async fn all(&self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr> {
        let mut held = self.count().await;
        let connection: &mut PgConnection = &mut held;
        Ok(prepared(statement).fetch_all(connection).await.map_err(asked)?.into_iter().map(Into::into).collect())
    }

    async fn count(&self) -> tokio::sync::MutexGuard<'_, PoolConnection<Postgres>> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        self.inner.lock().await
    }
}

fn prepared(statement: &Statement) -> Query<'_, Postgres, SqlxValues> {
    let values = statement.values.clone().unwrap_or_else(|| sea_orm::sea_query::Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql.as_str()), SqlxValues(values))
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(error.into()))
}

fn asked(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

pub(super) const BACKEND: DbBackend = DbBackend::Postgres;

/// Lends a struct with a field `tx: Transaction` to sea-orm.
macro_rules! sea_orm_connection {
    ($name:ty) => {
        #[async_trait::async_trait]
        impl sea_orm::ConnectionTrait for $name {
            fn get_database_backend(&self) -> sea_orm::DbBackend {
                $crate::db::transaction::BACKEND
            }

            async fn execute_raw(&self, statement: sea_orm::Statement) -> Result<sea_orm::ExecResult, sea_orm::DbErr> {
                self.tx.execute(&statement).await
            }

            async fn execute_unprepared(&self, sql: &str) -> Result<sea_orm::ExecResult, sea_orm::DbErr> {
                self.tx.execute_unprepared(sql).await
            }

            async fn query_one_raw(&self, statement: sea_orm::Statement) -> Result<Option<sea_orm::QueryResult>, sea_orm::DbErr> {
                self.tx.one(&statement).await
            }

            async fn query_all_raw(&self, statement: sea_orm::Statement) -> Result<Vec<sea_orm::QueryResult>, sea_orm::DbErr> {
                self.tx.all(&statement).await
            }
        }
    };
}
pub(super) use sea_orm_connection;
