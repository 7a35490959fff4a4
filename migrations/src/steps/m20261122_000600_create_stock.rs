//! Counted goods: locations, levels, what holds them for a time, and the ledger that explains every unit.
use sea_orm_migration::prelude::*;

use crate::tenant_table::{drop_tables, tenant_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tenant_table("locations")
            .text("name", 100)
            .column("country text NOT NULL CHECK (country ~ '^[A-Z]{2}$')")
            .column("is_default boolean NOT NULL")
            .timestamps()
            .create(manager)
            .await?;
        // `low_since` marks a level at or below its reorder point and `out_since` one that nothing can be sold from, so that
        // each crossing is told once.
        tenant_table("stock_levels")
            .column("variant_id uuid NOT NULL")
            .column("location_id uuid NOT NULL")
            .column("on_hand integer NOT NULL")
            .column("reserved integer NOT NULL DEFAULT 0 CHECK (reserved >= 0)")
            .column("safety_stock integer NOT NULL DEFAULT 0 CHECK (safety_stock >= 0)")
            .column("reorder_point integer CHECK (reorder_point >= 0)")
            .status("backorder", &["deny", "allow"])
            .column("low_since timestamptz")
            .column("out_since timestamptz")
            .timestamps()
            .belongs_to("variant_id", "variants", "CASCADE")
            .belongs_to("location_id", "locations", "RESTRICT")
            .unique_per_store("variant_id, location_id")
            .check("never_oversold", "backorder = 'allow' OR (on_hand >= 0 AND reserved <= on_hand)")
            .index("low", "low_since, id WHERE low_since IS NOT NULL")
            .create(manager)
            .await?;
        tenant_table("reservations")
            .column("stock_level_id uuid NOT NULL")
            .column("checkout_id uuid NOT NULL")
            .column("quantity integer NOT NULL CHECK (quantity >= 1)")
            .status("status", &["held", "consumed", "released", "expired"])
            .column("expires_at timestamptz NOT NULL")
            .column("created_at timestamptz NOT NULL")
            .column("ended_at timestamptz")
            .belongs_to("stock_level_id", "stock_levels", "RESTRICT")
            .check("ends_once", "(status = 'held') = (ended_at IS NULL)")
            .index("checkout", "checkout_id")
            .index("held", "stock_level_id, expires_at WHERE status = 'held'")
            .create(manager)
            .await?;
        tenant_table("stock_movements")
            .column("stock_level_id uuid NOT NULL")
            .status("kind", &["received", "sold", "returned", "adjusted"])
            .column("quantity integer NOT NULL CHECK (quantity <> 0)")
            .optional_text("reason", 200)
            .column("order_id uuid")
            .column("created_at timestamptz NOT NULL")
            .belongs_to("stock_level_id", "stock_levels", "CASCADE")
            .index("level", "stock_level_id, created_at DESC, id DESC")
            .append_only()
            .create(manager)
            .await?;
        let one_default = "CREATE UNIQUE INDEX locations_default_key ON locations (tenant_id) WHERE is_default";
        manager.get_connection().execute_unprepared(one_default).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["stock_movements", "reservations", "stock_levels", "locations"]).await
    }
}
