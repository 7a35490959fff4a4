//! How many more letters an address is sent that it has not asked for itself. The platform's: an address gets them from all stores together.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(UP).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP TABLE letter_allowances").await.map(|_| ())
    }
}

const UP: &str = "
CREATE TABLE letter_allowances (
  address_hash bytea PRIMARY KEY CHECK (octet_length(address_hash) = 32),
  full_at timestamptz NOT NULL
);
CREATE INDEX letter_allowances_full_at_idx ON letter_allowances (full_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON letter_allowances TO stoa_platform;
";
