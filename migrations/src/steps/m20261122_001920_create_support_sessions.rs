//! Operators who look into a store for a while, with a reason, seen by it. They are begun and ended by the platform's role, inside the
//! store that they are for.
use sea_orm_migration::prelude::*;

use crate::tenant_table::{audit, drop_tables, tenant_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tenant_table("support_sessions")
            .column("operator_id uuid NOT NULL REFERENCES operators (id) ON DELETE RESTRICT")
            .text("reason", 500)
            .column("began_at timestamptz NOT NULL")
            .column("expires_at timestamptz NOT NULL")
            .column("ended_at timestamptz")
            .optional_text("ended_by", 100)
            .check("ended", "(ended_at IS NULL) = (ended_by IS NULL)")
            .create(manager)
            .await?;
        audit(manager, "support_sessions", "support_session", "id").await?;
        let grants = "REVOKE INSERT, UPDATE, DELETE ON support_sessions FROM stoa_app; GRANT UPDATE ON support_sessions TO stoa_platform";
        manager.get_connection().execute_unprepared(grants).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["support_sessions"]).await
    }
}
