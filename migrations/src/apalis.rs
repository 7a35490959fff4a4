//! The job queue's schema (`apalis`), installed by the owner. Only `stoa_platform` (relay and worker) may use it; the
//! api's role has no grant there, because the api never enqueues.

use apalis_postgres::PostgresStorage;
use sqlx::postgres::PgPoolOptions;

pub(crate) async fn up(owner_url: &str) -> anyhow::Result<()> {
    let pool = PgPoolOptions::new().max_connections(1).connect(owner_url).await?;
    PostgresStorage::setup(&pool).await?;
    sqlx::raw_sql(GRANTS).execute(&pool).await?;
    pool.close().await;
    Ok(())
}

const GRANTS: &str = "
GRANT USAGE ON SCHEMA apalis TO stoa_platform;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA apalis TO stoa_platform;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA apalis TO stoa_platform;
";
