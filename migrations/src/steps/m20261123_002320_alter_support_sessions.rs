//! By which session of their own an operator is inside a store: without that one there is no being inside.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "ALTER TABLE support_sessions ADD COLUMN operator_session uuid";
        manager.get_connection().execute_unprepared(sql).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "ALTER TABLE support_sessions DROP COLUMN operator_session";
        manager.get_connection().execute_unprepared(sql).await.map(|_| ())
    }
}
