//! How long a key lives, from which pages it may be sent, which key took its place, and when it was last used.
//!
//! Uses stand in a table of their own: many keys of many stores are noted in one statement, and a key that is used is not a key
//! that was changed.

use sea_orm_migration::prelude::*;

use crate::tenant_table::{drop_tables, tenant_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(UP).await?;
        tenant_table("api_key_uses")
            .keyed_by("key_id")
            .column("key_id uuid NOT NULL")
            .column("last_used_at timestamptz NOT NULL")
            .belongs_to("key_id", "api_keys", "CASCADE")
            .platform_tends()
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["api_key_uses"]).await?;
        manager.get_connection().execute_unprepared(DOWN).await.map(|_| ())
    }
}

/// A key has one successor at most.
const UP: &str = "
ALTER TABLE api_keys
  ADD COLUMN expires_at timestamptz,
  ADD COLUMN origins text[] NOT NULL DEFAULT '{}',
  ADD COLUMN rotated_from uuid,
  ADD COLUMN version bigint NOT NULL DEFAULT 1,
  ADD CONSTRAINT api_keys_origins_check CHECK (cardinality(origins) <= 20 AND (kind = 'publishable' OR cardinality(origins) = 0)),
  ADD CONSTRAINT api_keys_rotated_from_key UNIQUE (tenant_id, rotated_from),
  ADD CONSTRAINT api_keys_rotated_from_fkey FOREIGN KEY (tenant_id, rotated_from) REFERENCES api_keys (tenant_id, id) ON DELETE RESTRICT;
";

const DOWN: &str = "
ALTER TABLE api_keys DROP COLUMN expires_at, DROP COLUMN origins, DROP COLUMN rotated_from, DROP COLUMN version;
";
