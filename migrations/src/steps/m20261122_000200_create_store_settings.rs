//! What a store is set to, who works in it, and the keys its software calls with.
use sea_orm_migration::prelude::*;

use crate::tenant_table::{drop_tables, tenant_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tenant_table("store_settings")
            .one_per_store()
            .text("name", 100)
            .text("contact_email", 254)
            .currency()
            .column("currencies text[] NOT NULL CHECK (cardinality(currencies) BETWEEN 1 AND 20 AND currency = ANY (currencies))")
            .column("country text NOT NULL CHECK (country ~ '^[A-Z]{2}$')")
            .text("time_zone", 64)
            .column("prices_include_tax boolean NOT NULL")
            .column("reservation_minutes integer NOT NULL CHECK (reservation_minutes BETWEEN 1 AND 1440)")
            .column("version bigint NOT NULL DEFAULT 1")
            .timestamps()
            .create(manager)
            .await?;
        tenant_table("memberships")
            .keyed_by("account_id")
            .column("account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE RESTRICT")
            .status("role", &["owner", "staff"])
            .column("created_at timestamptz NOT NULL")
            .create(manager)
            .await?;
        tenant_table("api_keys")
            .text("name", 100)
            .status("kind", &["publishable", "secret"])
            .text("hint", 24)
            .column("token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32)")
            .column("scopes text[] NOT NULL")
            .column("created_at timestamptz NOT NULL")
            .column("revoked_at timestamptz")
            .unique_per_store("token_hash")
            .create(manager)
            .await?;
        let lookups = "CREATE INDEX memberships_account_id_idx ON memberships (account_id);
                       CREATE INDEX api_keys_token_hash_idx ON api_keys (token_hash);";
        manager.get_connection().execute_unprepared(lookups).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["api_keys", "memberships", "store_settings"]).await
    }
}
