//! A shelf that is in an order of its own is walked along an index. Built while stores go on selling.

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
        // Safe to repeat after a run that was cut off: an index that was left half built is dropped first.
        let connection = manager.get_connection();
        connection.execute_unprepared("DROP INDEX CONCURRENTLY IF EXISTS product_shelves_place_idx").await?;
        let sql =
            "CREATE INDEX CONCURRENTLY product_shelves_place_idx ON product_shelves (tenant_id, shelf_id, currency, place, product_id)
                   WHERE place IS NOT NULL";
        connection.execute_unprepared(sql).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP INDEX CONCURRENTLY IF EXISTS product_shelves_place_idx").await.map(|_| ())
    }
}
