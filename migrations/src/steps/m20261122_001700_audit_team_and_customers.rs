//! A store's own roles, its open invitations, and what vendors write down of customers: the audit log tells of them. What customers
//! change of themselves leaves no entry.

use sea_orm_migration::prelude::*;

use crate::tenant_table::audit;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        audit(manager, "roles", "role", "id").await?;
        audit(manager, "invitations", "invitation", "id").await?;
        audit(manager, "customers", "customer", "id").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "DROP TRIGGER record_audit ON roles; DROP TRIGGER record_audit ON invitations; DROP TRIGGER record_audit ON customers";
        manager.get_connection().execute_unprepared(sql).await.map(|_| ())
    }
}
