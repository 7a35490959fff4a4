//! What a store sells: products, their options and variants, prices, and how they are grouped.
use sea_orm_migration::prelude::*;

use crate::tenant_table::{drop_tables, tenant_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tenant_table("products")
            .text("slug", 120)
            .text("title", 255)
            .column("description text NOT NULL CHECK (char_length(description) <= 50000)")
            .optional_text("brand", 100)
            .optional_text("product_type", 100)
            .optional_text("external_id", 100)
            .status("status", &["draft", "published", "archived"])
            .column("published_at timestamptz")
            .column("version bigint NOT NULL DEFAULT 1")
            .timestamps()
            .unique_per_store("slug")
            .unique_per_store("external_id")
            .index("created_at", "created_at DESC, id DESC")
            .index("status", "status, created_at DESC, id DESC")
            .create(manager)
            .await?;
        tenant_table("product_options")
            .column("product_id uuid NOT NULL")
            .text("name", 100)
            .column("position integer NOT NULL CHECK (position >= 0)")
            .belongs_to("product_id", "products", "CASCADE")
            .unique_per_store("product_id, name")
            .create(manager)
            .await?;
        tenant_table("option_values")
            .column("option_id uuid NOT NULL")
            .text("value", 100)
            .column("position integer NOT NULL CHECK (position >= 0)")
            .belongs_to("option_id", "product_options", "CASCADE")
            .unique_per_store("option_id, value")
            .create(manager)
            .await?;
        tenant_table("variants")
            .column("product_id uuid NOT NULL")
            .optional_text("sku", 100)
            .optional_text("barcode", 64)
            .column("title text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 320)")
            .column("position integer NOT NULL CHECK (position >= 0)")
            .column("weight_grams integer NOT NULL DEFAULT 0 CHECK (weight_grams BETWEEN 0 AND 10000000)")
            .column("requires_shipping boolean NOT NULL DEFAULT true")
            .column("is_stock_tracked boolean NOT NULL DEFAULT true")
            .column("tax_class text NOT NULL DEFAULT 'standard' CHECK (tax_class ~ '^[a-z][a-z0-9_]{0,31}$')")
            .timestamps()
            .belongs_to("product_id", "products", "CASCADE")
            .unique_per_store("sku")
            .index("product", "product_id, position, id")
            .create(manager)
            .await?;
        tenant_table("variant_option_values")
            .keyed_by("variant_id, option_id")
            .column("variant_id uuid NOT NULL")
            .column("option_id uuid NOT NULL")
            .column("option_value_id uuid NOT NULL")
            .belongs_to("variant_id", "variants", "CASCADE")
            .belongs_to("option_id", "product_options", "CASCADE")
            .belongs_to("option_value_id", "option_values", "CASCADE")
            .index("option_value", "option_value_id")
            .create(manager)
            .await?;
        tenant_table("prices")
            .column("variant_id uuid NOT NULL")
            .currency()
            .amount("amount")
            .column("compare_at_amount bigint CHECK (compare_at_amount >= 0)")
            .timestamps()
            .belongs_to("variant_id", "variants", "CASCADE")
            .unique_per_store("variant_id, currency")
            .create(manager)
            .await?;
        tenant_table("categories")
            .text("slug", 120)
            .text("name", 100)
            .column("parent_id uuid")
            .column("position integer NOT NULL CHECK (position >= 0)")
            .timestamps()
            .belongs_to("parent_id", "categories", "RESTRICT")
            .unique_per_store("slug")
            .check("no_own_parent", "parent_id <> id")
            .index("parent", "parent_id, position, id")
            .create(manager)
            .await?;
        tenant_table("product_categories")
            .keyed_by("product_id, category_id")
            .column("product_id uuid NOT NULL")
            .column("category_id uuid NOT NULL")
            .belongs_to("product_id", "products", "CASCADE")
            .belongs_to("category_id", "categories", "CASCADE")
            .index("category", "category_id, product_id")
            .create(manager)
            .await?;
        tenant_table("tags")
            .text("slug", 120)
            .text("name", 100)
            .column("created_at timestamptz NOT NULL")
            .unique_per_store("slug")
            .create(manager)
            .await?;
        tenant_table("product_tags")
            .keyed_by("product_id, tag_id")
            .column("product_id uuid NOT NULL")
            .column("tag_id uuid NOT NULL")
            .belongs_to("product_id", "products", "CASCADE")
            .belongs_to("tag_id", "tags", "CASCADE")
            .index("tag", "tag_id, product_id")
            .create(manager)
            .await?;
        tenant_table("product_images")
            .column("product_id uuid NOT NULL")
            .column("variant_id uuid")
            .column("url text NOT NULL CHECK (url ~ '^https?://' AND char_length(url) <= 2000)")
            .column("alt text NOT NULL DEFAULT '' CHECK (char_length(alt) <= 500)")
            .column("position integer NOT NULL CHECK (position >= 0)")
            .belongs_to("product_id", "products", "CASCADE")
            .belongs_to("variant_id", "variants", "CASCADE")
            .index("product", "product_id, position, id")
            .create(manager)
            .await?;
        // What a shopper's list reads: one row for each published product and currency it is sold in, holding the sort keys
        // and the face of the product. Written only by `commerce::catalog::listing`, in the transaction of the change.
        tenant_table("product_listings")
            .keyed_by("product_id, currency")
            .column("product_id uuid NOT NULL")
            .currency()
            .text("slug", 120)
            .text("title", 255)
            .column("title_key text COLLATE \"C\" NOT NULL")
            .optional_text("brand", 100)
            .column("published_at timestamptz NOT NULL")
            .amount("price_from")
            .amount("price_to")
            .column("compare_at bigint CHECK (compare_at > price_from)")
            .column("image_url text")
            .column("image_alt text")
            .column("options jsonb NOT NULL")
            .column("variant_ids uuid[] NOT NULL")
            .column("has_untracked boolean NOT NULL")
            .belongs_to("product_id", "products", "CASCADE")
            .index("newest", "currency, published_at DESC, product_id DESC")
            .index("title", "currency, title_key, product_id")
            .index("price", "currency, price_from, product_id")
            .create(manager)
            .await?;
        // The same, narrowed: `shelf_id` is a category (holding what stands in it or below it) or a tag.
        tenant_table("product_shelves")
            .keyed_by("shelf_id, currency, product_id")
            .column("shelf_id uuid NOT NULL")
            .currency()
            .column("product_id uuid NOT NULL")
            .column("published_at timestamptz NOT NULL")
            .column("title_key text COLLATE \"C\" NOT NULL")
            .amount("price_from")
            .belongs_to("product_id", "products", "CASCADE")
            .index("product", "product_id")
            .index("newest", "shelf_id, currency, published_at DESC, product_id DESC")
            .index("title", "shelf_id, currency, title_key, product_id")
            .index("price", "shelf_id, currency, price_from, product_id")
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let children = ["product_images", "product_tags", "tags", "product_categories", "categories", "prices"];
        drop_tables(manager, &["product_shelves", "product_listings"]).await?;
        drop_tables(manager, &children).await?;
        drop_tables(manager, &["variant_option_values", "variants", "option_values", "product_options", "products"]).await
    }
}
