//! What search engines are told of a product, when it is published and taken back by itself, and the slugs that it had.

use sea_orm_migration::prelude::*;

use crate::tenant_table::{audit, drop_tables, tenant_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(UP).await?;
        // A slug that a product had leads to it until another product takes the slug.
        tenant_table("product_slugs")
            .keyed_by("slug")
            .text("slug", 120)
            .column("product_id uuid NOT NULL")
            .column("replaced_at timestamptz NOT NULL")
            .belongs_to("product_id", "products", "CASCADE")
            .index("product", "product_id, replaced_at DESC, slug")
            .create(manager)
            .await?;
        audit(manager, "product_slugs", "product", "product_id").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["product_slugs"]).await?;
        manager.get_connection().execute_unprepared(DOWN).await.map(|_| ())
    }
}

/// Variants that had one barcode before it had to be their own keep it: all but the oldest are marked, until they are given
/// another. The owner of the table is behind its wall too, so this comes down for the length of the transaction.
const UP: &str = "
ALTER TABLE products
  ADD COLUMN seo_title text CHECK (char_length(seo_title) BETWEEN 1 AND 255),
  ADD COLUMN seo_description text CHECK (char_length(seo_description) BETWEEN 1 AND 1000),
  ADD COLUMN publish_at timestamptz,
  ADD COLUMN unpublish_at timestamptz,
  ADD COLUMN publish_failed text CHECK (publish_failed IN ('nothing_to_sell', 'attribute_missing', 'archived')),
  ADD CONSTRAINT products_schedule_check CHECK (unpublish_at > publish_at);
ALTER TABLE variants NO FORCE ROW LEVEL SECURITY;
ALTER TABLE variants ADD COLUMN is_barcode_shared boolean NOT NULL DEFAULT false;
UPDATE variants v SET is_barcode_shared = true
FROM (SELECT tenant_id, id, row_number() OVER (PARTITION BY tenant_id, barcode ORDER BY created_at, id) AS place
      FROM variants WHERE barcode IS NOT NULL) same
WHERE same.place > 1 AND v.tenant_id = same.tenant_id AND v.id = same.id;
ALTER TABLE variants FORCE ROW LEVEL SECURITY;
";

const DOWN: &str = "
ALTER TABLE variants DROP COLUMN is_barcode_shared;
ALTER TABLE products DROP COLUMN seo_title, DROP COLUMN seo_description, DROP COLUMN publish_at, DROP COLUMN unpublish_at,
  DROP COLUMN publish_failed;
";
