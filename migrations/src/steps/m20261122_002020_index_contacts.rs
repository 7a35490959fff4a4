//! The orders and checkouts that still name somebody, by how old they are: what the rules of how long contacts are kept walk over.
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
const UP: [&str; 6] = [
    "DROP INDEX CONCURRENTLY IF EXISTS orders_contacts_idx",
    "CREATE INDEX CONCURRENTLY orders_contacts_idx ON orders (tenant_id, placed_at)
     WHERE contact_erased_at IS NULL AND status <> 'placed'",
    "DROP INDEX CONCURRENTLY IF EXISTS checkouts_contacts_idx",
    "CREATE INDEX CONCURRENTLY checkouts_contacts_idx ON checkouts (tenant_id, updated_at)
     WHERE status IN ('completed', 'expired', 'cancelled')
       AND (email IS NOT NULL OR shipping_address IS NOT NULL OR billing_address IS NOT NULL)",
    "DROP INDEX CONCURRENTLY IF EXISTS checkouts_customer_idx",
    "CREATE INDEX CONCURRENTLY checkouts_customer_idx ON checkouts (tenant_id, customer_id) WHERE customer_id IS NOT NULL",
];

const DOWN: [&str; 3] = [
    "DROP INDEX CONCURRENTLY IF EXISTS checkouts_customer_idx",
    "DROP INDEX CONCURRENTLY IF EXISTS checkouts_contacts_idx",
    "DROP INDEX CONCURRENTLY IF EXISTS orders_contacts_idx",
];
