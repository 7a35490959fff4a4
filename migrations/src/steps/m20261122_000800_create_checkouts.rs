//! From cart to order: the durable copy of carts, checkouts, payments and their ledger.
use sea_orm_migration::prelude::*;

use crate::tenant_table::{drop_tables, tenant_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tenant_table("carts")
            .column("version bigint NOT NULL CHECK (version >= 1)")
            .column("body jsonb NOT NULL")
            .column("expires_at timestamptz NOT NULL")
            .column("updated_at timestamptz NOT NULL")
            .index("expires_at", "expires_at")
            .create(manager)
            .await?;
        tenant_table("checkouts")
            .column("cart_id uuid NOT NULL")
            .status("status", &["open", "completing", "completed", "expired", "cancelled"])
            .optional_text("email", 254)
            .column("shipping_address jsonb")
            .column("billing_address jsonb")
            .column("shipping_method_id uuid")
            .optional_text("shipping_method_name", 100)
            .currency()
            .column("prices_include_tax boolean NOT NULL")
            .amount("subtotal")
            .amount("shipping_total")
            .amount("tax_total")
            .amount("total")
            .column("version bigint NOT NULL DEFAULT 1")
            .column("expires_at timestamptz NOT NULL")
            .column("completing_at timestamptz")
            .timestamps()
            .belongs_to("shipping_method_id", "shipping_methods", "RESTRICT")
            .check("adds_up", "total = subtotal + shipping_total + CASE WHEN prices_include_tax THEN 0 ELSE tax_total END")
            .index("cart", "cart_id")
            .index("due", "expires_at WHERE status IN ('open', 'completing')")
            .create(manager)
            .await?;
        tenant_table("checkout_lines")
            .column("checkout_id uuid NOT NULL")
            .column("variant_id uuid NOT NULL")
            .column("product_id uuid NOT NULL")
            .column("position integer NOT NULL")
            .text("product_title", 255)
            .column("variant_title text NOT NULL CHECK (char_length(variant_title) <= 320)")
            .optional_text("sku", 100)
            .column("image_url text")
            .column("quantity integer NOT NULL CHECK (quantity BETWEEN 1 AND 100000)")
            .amount("unit_price")
            .amount("subtotal")
            .amount("tax_total")
            .column("weight_grams integer NOT NULL CHECK (weight_grams >= 0)")
            .column("requires_shipping boolean NOT NULL")
            .column("is_stock_tracked boolean NOT NULL")
            .column("tax_class text NOT NULL")
            .belongs_to("checkout_id", "checkouts", "CASCADE")
            .unique_per_store("checkout_id, variant_id")
            .check("multiplies", "subtotal = unit_price * quantity")
            .create(manager)
            .await?;
        tenant_table("checkout_tax_lines")
            .column("checkout_id uuid NOT NULL")
            .column("line_id uuid")
            .text("name", 100)
            .column("country text NOT NULL")
            .column("tax_class text NOT NULL")
            .column("percent numeric(7, 4) NOT NULL")
            .amount("taxable")
            .amount("amount")
            .status("reason", &["rate", "zero_rated", "no_rate"])
            .belongs_to("checkout_id", "checkouts", "CASCADE")
            .belongs_to("line_id", "checkout_lines", "CASCADE")
            .index("checkout", "checkout_id")
            .create(manager)
            .await?;
        // Figures are folds over payment_events: `authorized`, `captured`, `refunded`.
        tenant_table("payments")
            .column("checkout_id uuid NOT NULL")
            .column("order_id uuid")
            .status("gateway", &["test", "manual"])
            .status("status", &["pending", "requires_action", "authorized", "captured", "failed", "voided", "refunded"])
            .currency()
            .amount("amount")
            .column("captured bigint NOT NULL DEFAULT 0 CHECK (captured BETWEEN 0 AND amount)")
            .column("refunded bigint NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND captured)")
            .optional_text("gateway_reference", 255)
            .optional_text("idempotency_key", 255)
            .column("fingerprint bytea CHECK (octet_length(fingerprint) = 32)")
            .optional_text("token", 255)
            .column("action jsonb")
            .optional_text("failure_code", 64)
            .timestamps()
            .belongs_to("checkout_id", "checkouts", "RESTRICT")
            .unique_per_store("checkout_id, idempotency_key")
            .index("order", "order_id")
            .index("unsettled", "updated_at WHERE status IN ('pending', 'requires_action')")
            .create(manager)
            .await?;
        tenant_table("payment_events")
            .column("payment_id uuid NOT NULL")
            .status("kind", &["authorize", "capture", "refund", "void"])
            .status("outcome", &["requested", "action_required", "succeeded", "failed"])
            .amount("amount")
            .currency()
            .column("operation_key text NOT NULL CHECK (char_length(operation_key) <= 128)")
            .optional_text("gateway_reference", 255)
            .optional_text("message", 500)
            .column("created_at timestamptz NOT NULL")
            .belongs_to("payment_id", "payments", "RESTRICT")
            .unique_per_store("payment_id, operation_key, outcome")
            .append_only()
            .create(manager)
            .await?;
        // The `test` gateway's own books: it stands for a provider, so that losing our side never loses its memory.
        tenant_table("test_gateway_charges")
            .column("operation_key text NOT NULL CHECK (char_length(operation_key) <= 128)")
            .status("kind", &["charge", "refund"])
            .column("charge_id uuid")
            .currency()
            .amount("amount")
            .status("status", &["requires_action", "succeeded", "declined"])
            .column("created_at timestamptz NOT NULL")
            .belongs_to("charge_id", "test_gateway_charges", "RESTRICT")
            .unique_per_store("operation_key")
            .create(manager)
            .await?;
        let one_capture = "CREATE UNIQUE INDEX payment_events_one_capture_key ON payment_events (tenant_id, payment_id)
                           WHERE kind = 'capture' AND outcome = 'succeeded';
                           CREATE UNIQUE INDEX checkouts_one_live_key ON checkouts (tenant_id, cart_id)
                           WHERE status IN ('open', 'completing');
                           CREATE UNIQUE INDEX payments_one_live_key ON payments (tenant_id, checkout_id)
                           WHERE status IN ('pending', 'requires_action', 'authorized', 'captured')";
        manager.get_connection().execute_unprepared(one_capture).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["test_gateway_charges", "payment_events", "payments"]).await?;
        drop_tables(manager, &["checkout_tax_lines", "checkout_lines", "checkouts", "carts"]).await
    }
}
