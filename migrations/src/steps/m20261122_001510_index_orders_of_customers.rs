//! The orders of a customer, and those that a proved address may bring to one. Built while the store goes on selling: each
//! statement stands alone.

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
const UP: [&str; 6] = [
    "DROP INDEX CONCURRENTLY IF EXISTS orders_customer_idx",
    "CREATE INDEX CONCURRENTLY orders_customer_idx ON orders (tenant_id, customer_id, placed_at DESC, id DESC)
     WHERE customer_id IS NOT NULL",
    "DROP INDEX CONCURRENTLY IF EXISTS orders_of_guests_idx",
    "CREATE INDEX CONCURRENTLY orders_of_guests_idx ON orders (tenant_id, email) WHERE customer_id IS NULL",
    "ALTER TABLE checkouts VALIDATE CONSTRAINT checkouts_customer_id_fkey",
    "ALTER TABLE orders VALIDATE CONSTRAINT orders_customer_id_fkey",
];

const DOWN: [&str; 2] = ["DROP INDEX CONCURRENTLY IF EXISTS orders_of_guests_idx", "DROP INDEX CONCURRENTLY IF EXISTS orders_customer_idx"];
