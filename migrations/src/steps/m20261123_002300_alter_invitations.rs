//! Which key has sent an invitation: it ends with the key.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(UP).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("ALTER TABLE invitations DROP COLUMN invited_by_key").await.map(|_| ())
    }
}

/// A store has few open invitations: the index is theirs by whom they were sent.
const UP: &str = "
ALTER TABLE invitations
  ADD COLUMN invited_by_key uuid,
  ADD CONSTRAINT invitations_invited_by_key_fkey
    FOREIGN KEY (tenant_id, invited_by_key) REFERENCES api_keys (tenant_id, id) ON DELETE CASCADE;
CREATE INDEX invitations_invited_by_key_idx ON invitations (tenant_id, invited_by_key);
";
