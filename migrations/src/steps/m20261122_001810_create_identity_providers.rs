//! The providers by which a store's customers sign in, and the addresses to which they may come back from one.

use sea_orm_migration::prelude::*;

use crate::tenant_table::{audit, drop_tables, tenant_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tenant_table("identity_providers")
            .text("name", 60)
            .status("kind", &["oidc", "github", "apple"])
            .optional_text("issuer", 500)
            .text("client_id", 255)
            // Sealed: of use to who has the platform's sealing key and knows whose row this is.
            .column("secret_sealed bytea NOT NULL CHECK (octet_length(secret_sealed) BETWEEN 1 AND 8192)")
            .optional_text("team_id", 64)
            .optional_text("key_id", 64)
            .column("scopes text[] NOT NULL CHECK (cardinality(scopes) <= 20)")
            .column("is_enabled boolean NOT NULL")
            .timestamps()
            .check("issuer_of_kind", "(kind = 'oidc') = (issuer IS NOT NULL)")
            .check("ids_of_apple", "(kind = 'apple') = (team_id IS NOT NULL) AND (kind = 'apple') = (key_id IS NOT NULL)")
            .create(manager)
            .await?;
        tenant_table("return_urls")
            .text("url", 500)
            .column("created_at timestamptz NOT NULL")
            .unique_per_store("url")
            .create(manager)
            .await?;
        audit(manager, "identity_providers", "identity_provider", "id").await?;
        audit(manager, "return_urls", "return_url", "id").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["return_urls", "identity_providers"]).await
    }
}
