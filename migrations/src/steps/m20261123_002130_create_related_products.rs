//! Which other products a product's page shows, in an order that its people choose.

use sea_orm_migration::prelude::*;

use crate::tenant_table::{audit, drop_tables, tenant_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tenant_table("related_products")
            .keyed_by("product_id, related_id")
            .column("product_id uuid NOT NULL")
            .column("related_id uuid NOT NULL")
            .column("position integer NOT NULL CHECK (position BETWEEN 0 AND 19)")
            .belongs_to("product_id", "products", "CASCADE")
            .belongs_to("related_id", "products", "CASCADE")
            .check("not_itself", "related_id <> product_id")
            .index("related", "related_id")
            .create(manager)
            .await?;
        audit(manager, "related_products", "product", "product_id").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["related_products"]).await
    }
}
