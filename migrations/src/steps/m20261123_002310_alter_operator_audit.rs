//! What an operator did something to, where the tenant alone does not say it: a job, a support session.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "ALTER TABLE operator_audit ADD COLUMN subject text CHECK (char_length(subject) BETWEEN 1 AND 200)";
        manager.get_connection().execute_unprepared(sql).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("ALTER TABLE operator_audit DROP COLUMN subject").await.map(|_| ())
    }
}
