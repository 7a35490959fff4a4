//! The slugs that a category had: each leads to it until another category takes it.

use sea_orm_migration::prelude::*;

use crate::tenant_table::{audit, drop_tables, tenant_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tenant_table("category_slugs")
            .keyed_by("slug")
            .text("slug", 120)
            .column("category_id uuid NOT NULL")
            .column("replaced_at timestamptz NOT NULL")
            .belongs_to("category_id", "categories", "CASCADE")
            .index("category", "category_id, replaced_at DESC, slug")
            .create(manager)
            .await?;
        audit(manager, "category_slugs", "category", "category_id").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["category_slugs"]).await
    }
}
