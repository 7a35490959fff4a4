//! Sales rollups in the time zone of the store, and the record of which mails have left.
use sea_orm_migration::prelude::*;

use crate::tenant_table::{drop_tables, tenant_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // `starts_at` is the instant at which the hour or the day began in the store's time zone.
        tenant_table("sales_rollups")
            .keyed_by("period, starts_at, currency")
            .status("period", &["hour", "day"])
            .column("starts_at timestamptz NOT NULL")
            .currency()
            .column("orders bigint NOT NULL DEFAULT 0")
            .column("units bigint NOT NULL DEFAULT 0")
            .column("subtotal bigint NOT NULL DEFAULT 0")
            .column("shipping_total bigint NOT NULL DEFAULT 0")
            .column("tax_total bigint NOT NULL DEFAULT 0")
            .column("total bigint NOT NULL DEFAULT 0")
            .column("cancelled_orders bigint NOT NULL DEFAULT 0")
            .column("cancelled_total bigint NOT NULL DEFAULT 0")
            .column("refunded_total bigint NOT NULL DEFAULT 0")
            .create(manager)
            .await?;
        tenant_table("sent_mails")
            .text("kind", 64)
            .text("key", 128)
            .text("message_id", 255)
            .column("sent_at timestamptz NOT NULL")
            .unique_per_store("kind, key")
            .platform_tends()
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["sent_mails", "sales_rollups"]).await
    }
}
