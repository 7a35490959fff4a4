//! Collections: lists of products that a store's people choose one by one, or by a rule.
//!
//! What shoppers walk is the collection's shelf, as with categories and tags. A collection that is chosen by hand also has its
//! products in order; one that is made by a rule has nothing but its shelf.

use sea_orm_migration::prelude::*;

use crate::tenant_table::{audit, drop_tables, tenant_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tenant_table("collections")
            .text("slug", 120)
            .text("title", 255)
            .column("description text NOT NULL CHECK (char_length(description) <= 50000)")
            .status("kind", &["curated", "rule"])
            .status("fits", &["all", "any"])
            .column("conditions jsonb NOT NULL CHECK (jsonb_typeof(conditions) = 'array')")
            .status("sort", &["manual", "newest", "title", "price", "-price"])
            .status("status", &["draft", "published"])
            .column("published_at timestamptz")
            .optional_text("seo_title", 255)
            .optional_text("seo_description", 1000)
            .column("media_id uuid")
            .column("image_alt text NOT NULL CHECK (char_length(image_alt) <= 500)")
            // Whether the shelf holds what the rule says, and up to which product it already does.
            .column("is_settled boolean NOT NULL")
            .column("settled_to uuid")
            .column("version bigint NOT NULL DEFAULT 1")
            .timestamps()
            .unique_per_store("slug")
            .belongs_to("media_id", "media", "RESTRICT")
            .check("manual_order", "sort <> 'manual' OR kind = 'curated'")
            .check("rule", "(kind = 'rule') = (conditions <> '[]')")
            .index("title", "title, id")
            .index("rule", "id WHERE kind = 'rule'")
            .index("media", "media_id WHERE media_id IS NOT NULL")
            .create(manager)
            .await?;
        audit(manager, "collections", "collection", "id").await?;
        tenant_table("collection_products")
            .keyed_by("collection_id, product_id")
            .column("collection_id uuid NOT NULL")
            .column("product_id uuid NOT NULL")
            .column("position integer NOT NULL CHECK (position >= 0)")
            .belongs_to("collection_id", "collections", "CASCADE")
            .belongs_to("product_id", "products", "CASCADE")
            .index("position", "collection_id, position, product_id")
            .index("product", "product_id")
            .create(manager)
            .await?;
        audit(manager, "collection_products", "collection", "collection_id").await?;
        // A slug that a collection had leads to it until another collection takes the slug.
        tenant_table("collection_slugs")
            .keyed_by("slug")
            .text("slug", 120)
            .column("collection_id uuid NOT NULL")
            .column("replaced_at timestamptz NOT NULL")
            .belongs_to("collection_id", "collections", "CASCADE")
            .index("collection", "collection_id, replaced_at DESC, slug")
            .create(manager)
            .await?;
        audit(manager, "collection_slugs", "collection", "collection_id").await?;
        // Where a product stands on the shelf of a collection that is chosen by hand.
        let sql = "ALTER TABLE product_shelves ADD COLUMN place integer CHECK (place >= 0)";
        manager.get_connection().execute_unprepared(sql).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await?;
        drop_tables(manager, &["collection_slugs", "collection_products", "collections"]).await
    }
}

/// Shelves of collections go with them. The owner of the tables is behind their walls too.
const DOWN: &str = "
ALTER TABLE product_shelves NO FORCE ROW LEVEL SECURITY;
ALTER TABLE collections NO FORCE ROW LEVEL SECURITY;
DELETE FROM product_shelves h USING collections c WHERE c.tenant_id = h.tenant_id AND c.id = h.shelf_id;
ALTER TABLE product_shelves DROP COLUMN place, FORCE ROW LEVEL SECURITY;
";
