//! A barcode is one variant's; what is due to be published or taken back is found at once; so is who has a product type.
//! Built while stores go on selling: each statement stands alone.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// An index cannot be built beside other work inside a transaction.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &DOWN).await
    }
}

async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}

/// Safe to repeat after a run that was cut off: an index that was left half built is dropped first.
const UP: [&str; 8] = [
    "DROP INDEX CONCURRENTLY IF EXISTS variants_barcode_key",
    "CREATE UNIQUE INDEX CONCURRENTLY variants_barcode_key ON variants (tenant_id, barcode)
     WHERE barcode IS NOT NULL AND NOT is_barcode_shared",
    "DROP INDEX CONCURRENTLY IF EXISTS products_publish_at_idx",
    "CREATE INDEX CONCURRENTLY products_publish_at_idx ON products (tenant_id, publish_at) WHERE publish_at IS NOT NULL",
    "DROP INDEX CONCURRENTLY IF EXISTS products_unpublish_at_idx",
    "CREATE INDEX CONCURRENTLY products_unpublish_at_idx ON products (tenant_id, unpublish_at) WHERE unpublish_at IS NOT NULL",
    "DROP INDEX CONCURRENTLY IF EXISTS products_product_type_idx",
    "CREATE INDEX CONCURRENTLY products_product_type_idx ON products (tenant_id, product_type, id) WHERE product_type IS NOT NULL",
];

const DOWN: [&str; 4] = [
    "DROP INDEX CONCURRENTLY IF EXISTS products_product_type_idx",
    "DROP INDEX CONCURRENTLY IF EXISTS products_unpublish_at_idx",
    "DROP INDEX CONCURRENTLY IF EXISTS products_publish_at_idx",
    "DROP INDEX CONCURRENTLY IF EXISTS variants_barcode_key",
];
