//! Customers: people known to one store only, what they sign in with, their address books, and which checkouts and orders are
//! theirs.
use sea_orm_migration::prelude::*;

use crate::tenant_table::{drop_tables, tenant_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tenant_table("customers")
            .column("email text NOT NULL CHECK (email = lower(email) AND char_length(email) BETWEEN 3 AND 254)")
            .text("name", 100)
            .column("password_hash text NOT NULL")
            .column("email_verified_at timestamptz")
            // Consent is worth as much as the proof of when it was given, or refused.
            .column("accepts_marketing boolean NOT NULL DEFAULT false")
            .column("marketing_decided_at timestamptz")
            .optional_text("note", 2000)
            // The cart that a signed-in customer fills; carts live elsewhere.
            .column("cart_id uuid")
            .column("version bigint NOT NULL DEFAULT 1")
            .timestamps()
            .unique_per_store("email")
            .check("consent_has_its_time", "NOT accepts_marketing OR marketing_decided_at IS NOT NULL")
            .create(manager)
            .await?;
        tenant_table("customer_addresses")
            .column("customer_id uuid NOT NULL")
            .column("address jsonb NOT NULL")
            .column("is_default_shipping boolean NOT NULL")
            .column("is_default_billing boolean NOT NULL")
            .timestamps()
            .belongs_to("customer_id", "customers", "CASCADE")
            .index("customer", "customer_id, id")
            .create(manager)
            .await?;
        // As `refresh_tokens` of accounts and operators: hashed, single use, one live tip a family.
        tenant_table("customer_refresh_tokens")
            .column("token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32)")
            .column("family_id uuid NOT NULL")
            .column("customer_id uuid NOT NULL")
            .column("began_at timestamptz NOT NULL")
            .column("user_agent text CHECK (char_length(user_agent) <= 200)")
            .column("address text CHECK (char_length(address) <= 45)")
            .column("created_at timestamptz NOT NULL")
            .column("expires_at timestamptz NOT NULL")
            .column("used_at timestamptz")
            .column("revoked_at timestamptz")
            .belongs_to("customer_id", "customers", "CASCADE")
            .unique_per_store("token_hash")
            .index("family", "family_id")
            .index("customer", "customer_id WHERE revoked_at IS NULL")
            .index("expires_at", "expires_at")
            .create(manager)
            .await?;
        // As `account_codes`: derived from the id and never stored. `email` is the address that the code proves, `asked_by` the
        // customer's own when it was asked for.
        tenant_table("customer_codes")
            .column("customer_id uuid NOT NULL")
            .status("purpose", &["verify_email", "reset_password", "change_email"])
            .column("email text NOT NULL CHECK (email = lower(email) AND char_length(email) BETWEEN 3 AND 254)")
            .text("asked_by", 254)
            .column("created_at timestamptz NOT NULL")
            .column("expires_at timestamptz NOT NULL")
            .column("used_at timestamptz")
            .belongs_to("customer_id", "customers", "CASCADE")
            .index("customer", "customer_id, purpose, created_at DESC")
            .index("expires_at", "expires_at")
            .create(manager)
            .await?;
        manager.get_connection().execute_unprepared(UP).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await?;
        drop_tables(manager, &["customer_codes", "customer_refresh_tokens", "customer_addresses", "customers"]).await
    }
}

/// The columns are new and empty: the next step finds nothing wrong with the foreign keys, without a lock that sales wait for.
const UP: &str = "
CREATE UNIQUE INDEX customer_addresses_default_shipping_key ON customer_addresses (tenant_id, customer_id) WHERE is_default_shipping;
CREATE UNIQUE INDEX customer_addresses_default_billing_key ON customer_addresses (tenant_id, customer_id) WHERE is_default_billing;
CREATE UNIQUE INDEX customer_refresh_tokens_live_tip_key ON customer_refresh_tokens (tenant_id, family_id)
  WHERE used_at IS NULL AND revoked_at IS NULL;
ALTER TABLE store_settings ADD COLUMN cart_merge text NOT NULL DEFAULT 'sum' CHECK (cart_merge IN ('sum', 'newest', 'keep_both'));
ALTER TABLE checkouts ADD COLUMN customer_id uuid;
ALTER TABLE checkouts ADD CONSTRAINT checkouts_customer_id_fkey
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id) ON DELETE RESTRICT NOT VALID;
ALTER TABLE orders ADD COLUMN customer_id uuid;
ALTER TABLE orders ADD CONSTRAINT orders_customer_id_fkey
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id) ON DELETE RESTRICT NOT VALID;
";

const DOWN: &str = "
ALTER TABLE orders DROP COLUMN customer_id;
ALTER TABLE checkouts DROP COLUMN customer_id;
ALTER TABLE store_settings DROP COLUMN cart_merge;
";
