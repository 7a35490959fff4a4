//! The schema, and the only program that holds the owner role.
//!
//! `stoa-migrate bootstrap` prepares a server once (roles, database, extension), `up` brings a database to the newest
//! schema, `down` takes the last step back. A tenant table is made by [`tenant_table`], which cannot forget a wall.

mod apalis;
pub mod bootstrap;
mod steps;
mod tenant_table;

use sea_orm_migration::{MigrationTrait, MigratorTrait};

pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        steps::all()
    }
}

/// Brings the database behind `owner_url` to the newest schema: the job queue's own schema first, then ours.
pub async fn up(owner_url: &str) -> anyhow::Result<()> {
    apalis::up(owner_url).await?;
    let connection = connect(owner_url).await?;
    Migrator::up(&connection, None).await?;
    connection.close().await?;
    Ok(())
}

/// Takes back the last `count` steps.
pub async fn down(owner_url: &str, count: u32) -> anyhow::Result<()> {
    let connection = connect(owner_url).await?;
    Migrator::down(&connection, Some(count)).await?;
    connection.close().await?;
    Ok(())
}

/// Names of the steps that are not applied yet.
pub async fn pending(owner_url: &str) -> anyhow::Result<Vec<String>> {
    let connection = connect(owner_url).await?;
    let pending = Migrator::get_pending_migrations(&connection).await?;
    connection.close().await?;
    Ok(pending.iter().map(|migration| migration.name().to_owned()).collect())
}

#[expect(clippy::disallowed_methods, reason = "migrations own their connection; nothing else runs as the owner")]
async fn connect(owner_url: &str) -> Result<sea_orm::DatabaseConnection, sea_orm::DbErr> {
    let mut options = sea_orm::ConnectOptions::new(owner_url);
    options.max_connections(1).sqlx_logging(false);
    sea_orm::Database::connect(options).await
}
