//! Imports: a file staged row by row, so that a kill in the middle resumes and every error names its row.
use sea_orm_migration::prelude::*;

use crate::tenant_table::{drop_tables, tenant_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tenant_table("imports")
            .status("format", &["shopify_csv"])
            .optional_text("file_name", 255)
            .status("status", &["pending", "processing", "completed", "failed", "cancelled"])
            .column("columns text[] NOT NULL CHECK (cardinality(columns) BETWEEN 1 AND 100)")
            .column("total_rows integer NOT NULL CHECK (total_rows >= 0)")
            .column("processed_rows integer NOT NULL DEFAULT 0")
            .column("created_products integer NOT NULL DEFAULT 0")
            .column("updated_products integer NOT NULL DEFAULT 0")
            .column("unchanged_products integer NOT NULL DEFAULT 0")
            .column("failed_rows integer NOT NULL DEFAULT 0")
            .column("created_at timestamptz NOT NULL")
            .column("started_at timestamptz")
            .column("finished_at timestamptz")
            .check("progress", "processed_rows BETWEEN 0 AND total_rows")
            .index("created_at", "created_at DESC, id DESC")
            .create(manager)
            .await?;
        tenant_table("import_products")
            .keyed_by("import_id, position")
            .column("import_id uuid NOT NULL")
            .column("position integer NOT NULL CHECK (position >= 0)")
            .column("handle text NOT NULL CHECK (char_length(handle) BETWEEN 1 AND 120)")
            .column("first_row integer NOT NULL")
            .column("row_count integer NOT NULL")
            .column("body jsonb NOT NULL")
            .status("status", &["staged", "created", "updated", "unchanged", "failed"])
            .belongs_to("import_id", "imports", "CASCADE")
            .unique_per_store("import_id, handle")
            .index("staged", "import_id, position WHERE status = 'staged'")
            .create(manager)
            .await?;
        tenant_table("import_errors")
            .column("import_id uuid NOT NULL")
            .column("row integer NOT NULL")
            .column("field text NOT NULL CHECK (char_length(field) <= 200)")
            .column("message text NOT NULL CHECK (char_length(message) <= 1000)")
            .belongs_to("import_id", "imports", "CASCADE")
            .index("import", "import_id, row, id")
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["import_errors", "import_products", "imports"]).await
    }
}
