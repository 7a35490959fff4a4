//! The rules a store sets for tax and for shipping.
use sea_orm_migration::prelude::*;

use crate::tenant_table::{drop_tables, tenant_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tenant_table("tax_rates")
            .column("country text NOT NULL CHECK (country ~ '^[A-Z]{2}$')")
            .column("tax_class text NOT NULL CHECK (tax_class ~ '^[a-z][a-z0-9_]{0,31}$')")
            .text("name", 100)
            .column("percent numeric(7, 4) NOT NULL CHECK (percent >= 0 AND percent <= 100)")
            .timestamps()
            .unique_per_store("country, tax_class")
            .create(manager)
            .await?;
        tenant_table("shipping_zones").text("name", 100).timestamps().unique_per_store("name").create(manager).await?;
        tenant_table("shipping_zone_countries")
            .keyed_by("country")
            .column("country text NOT NULL CHECK (country ~ '^[A-Z]{2}$')")
            .column("zone_id uuid NOT NULL")
            .belongs_to("zone_id", "shipping_zones", "CASCADE")
            .index("zone", "zone_id")
            .create(manager)
            .await?;
        tenant_table("shipping_methods")
            .column("zone_id uuid NOT NULL")
            .text("name", 100)
            .status("kind", &["flat", "by_weight"])
            .column("tax_class text NOT NULL DEFAULT 'standard' CHECK (tax_class ~ '^[a-z][a-z0-9_]{0,31}$')")
            .column("position integer NOT NULL CHECK (position >= 0)")
            .column("is_active boolean NOT NULL DEFAULT true")
            .timestamps()
            .belongs_to("zone_id", "shipping_zones", "CASCADE")
            .unique_per_store("zone_id, name")
            .create(manager)
            .await?;
        // `up_to_grams` is the inclusive upper bound of a weight band; NULL has no upper bound (flat, or the last band).
        tenant_table("shipping_rates")
            .column("method_id uuid NOT NULL")
            .currency()
            .column("up_to_grams integer CHECK (up_to_grams >= 1)")
            .amount("amount")
            .belongs_to("method_id", "shipping_methods", "CASCADE")
            .create(manager)
            .await?;
        let one_band = "CREATE UNIQUE INDEX shipping_rates_band_key ON shipping_rates
                        (tenant_id, method_id, currency, up_to_grams) NULLS NOT DISTINCT";
        manager.get_connection().execute_unprepared(one_band).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["shipping_rates", "shipping_methods", "shipping_zone_countries", "shipping_zones", "tax_rates"]).await
    }
}
