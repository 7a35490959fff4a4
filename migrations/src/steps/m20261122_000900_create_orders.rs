//! Orders: agreements whose money never changes, what left the house for them, and their history.
use sea_orm_migration::prelude::*;

use crate::tenant_table::{drop_tables, tenant_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tenant_table("order_counters").one_per_store().column("last_number bigint NOT NULL").create(manager).await?;
        tenant_table("orders")
            .column("number bigint NOT NULL CHECK (number >= 1)")
            .column("checkout_id uuid NOT NULL")
            .column("cart_id uuid NOT NULL")
            .status("status", &["placed", "completed", "cancelled"])
            .text("email", 254)
            .column("shipping_address jsonb")
            .column("billing_address jsonb")
            .optional_text("shipping_method_name", 100)
            .currency()
            .column("prices_include_tax boolean NOT NULL")
            .amount("subtotal")
            .amount("shipping_total")
            .amount("tax_total")
            .amount("total")
            .column("placed_at timestamptz NOT NULL")
            .column("completed_at timestamptz")
            .column("cancelled_at timestamptz")
            .optional_text("cancel_reason", 500)
            .column("version bigint NOT NULL DEFAULT 1")
            .column("updated_at timestamptz NOT NULL")
            .belongs_to("checkout_id", "checkouts", "RESTRICT")
            .unique_per_store("number")
            .unique_per_store("checkout_id")
            .check("adds_up", "total = subtotal + shipping_total + CASE WHEN prices_include_tax THEN 0 ELSE tax_total END")
            .index("placed_at", "placed_at DESC, id DESC")
            .create(manager)
            .await?;
        tenant_table("order_lines")
            .column("order_id uuid NOT NULL")
            .column("variant_id uuid NOT NULL")
            .column("product_id uuid NOT NULL")
            .column("position integer NOT NULL")
            .text("product_title", 255)
            .column("variant_title text NOT NULL CHECK (char_length(variant_title) <= 320)")
            .optional_text("sku", 100)
            .column("image_url text")
            .column("quantity integer NOT NULL CHECK (quantity >= 1)")
            .column("fulfilled_quantity integer NOT NULL DEFAULT 0")
            .amount("unit_price")
            .amount("subtotal")
            .amount("tax_total")
            .column("requires_shipping boolean NOT NULL")
            .belongs_to("order_id", "orders", "RESTRICT")
            .check("fulfilled_at_most_once", "fulfilled_quantity BETWEEN 0 AND quantity")
            .check("multiplies", "subtotal = unit_price * quantity")
            .index("order", "order_id, position")
            .index("product", "product_id, variant_id")
            .create(manager)
            .await?;
        tenant_table("order_tax_lines")
            .column("order_id uuid NOT NULL")
            .column("line_id uuid")
            .text("name", 100)
            .column("country text NOT NULL")
            .column("tax_class text NOT NULL")
            .column("percent numeric(7, 4) NOT NULL")
            .amount("taxable")
            .amount("amount")
            .status("reason", &["rate", "zero_rated", "no_rate"])
            .belongs_to("order_id", "orders", "RESTRICT")
            .belongs_to("line_id", "order_lines", "RESTRICT")
            .index("order", "order_id")
            .append_only()
            .create(manager)
            .await?;
        tenant_table("order_history")
            .column("order_id uuid NOT NULL")
            .status("event", &["placed", "paid", "fulfilled", "completed", "cancelled"])
            .text("actor", 64)
            .column("details jsonb NOT NULL")
            .column("created_at timestamptz NOT NULL")
            .belongs_to("order_id", "orders", "RESTRICT")
            .index("order", "order_id, created_at, id")
            .append_only()
            .create(manager)
            .await?;
        tenant_table("fulfillments")
            .column("order_id uuid NOT NULL")
            .column("location_id uuid NOT NULL")
            .optional_text("carrier", 100)
            .optional_text("tracking_number", 100)
            .column("tracking_url text CHECK (tracking_url ~ '^https?://' AND char_length(tracking_url) <= 2000)")
            .column("created_at timestamptz NOT NULL")
            .belongs_to("order_id", "orders", "RESTRICT")
            .belongs_to("location_id", "locations", "RESTRICT")
            .index("order", "order_id, created_at, id")
            .create(manager)
            .await?;
        tenant_table("fulfillment_lines")
            .keyed_by("fulfillment_id, order_line_id")
            .column("fulfillment_id uuid NOT NULL")
            .column("order_line_id uuid NOT NULL")
            .column("quantity integer NOT NULL CHECK (quantity >= 1)")
            .belongs_to("fulfillment_id", "fulfillments", "RESTRICT")
            .belongs_to("order_line_id", "order_lines", "RESTRICT")
            .append_only()
            .create(manager)
            .await?;
        // Looked at when the transaction commits: the order's own row, with the number that its store's buyers wait for, is
        // written last.
        let money_is_settled = "
            ALTER TABLE payments ADD CONSTRAINT payments_order_id_fkey FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id)
              DEFERRABLE INITIALLY DEFERRED;
            ALTER TABLE stock_movements ADD CONSTRAINT stock_movements_order_id_fkey FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id)
              DEFERRABLE INITIALLY DEFERRED;
            ALTER TABLE order_lines ALTER CONSTRAINT order_lines_order_id_fkey DEFERRABLE INITIALLY DEFERRED;
            ALTER TABLE order_tax_lines ALTER CONSTRAINT order_tax_lines_order_id_fkey DEFERRABLE INITIALLY DEFERRED;
            ALTER TABLE order_history ALTER CONSTRAINT order_history_order_id_fkey DEFERRABLE INITIALLY DEFERRED";
        manager.get_connection().execute_unprepared(money_is_settled).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let back = "ALTER TABLE payments DROP CONSTRAINT payments_order_id_fkey;
                    ALTER TABLE stock_movements DROP CONSTRAINT stock_movements_order_id_fkey";
        manager.get_connection().execute_unprepared(back).await?;
        let children = ["fulfillment_lines", "fulfillments", "order_history", "order_tax_lines", "order_lines"];
        drop_tables(manager, &children).await?;
        drop_tables(manager, &["orders", "order_counters"]).await
    }
}
