//! What a store says of its products beside the words that all stores use: attributes with a kind, the product types that carry
//! them, and their values.
//!
//! A value stands in the one column that its kind has, in a form that row security lets an index compare: a number as
//! millionths, a date as days since 1970, a truth as 0 or 1. A product has the type whose name it bears.

use sea_orm_migration::prelude::*;

use crate::tenant_table::{audit, drop_tables, tenant_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tenant_table("attributes")
            .column("code text NOT NULL CHECK (code ~ '^[a-z][a-z0-9_]{0,39}$')")
            .text("name", 100)
            .status("kind", &["text", "rich_text", "number", "boolean", "date", "choice", "multi_choice", "swatch", "reference"])
            .optional_text("unit", 20)
            .column("target text CHECK (target IN ('product', 'category'))")
            .column("is_filterable boolean NOT NULL")
            .column("version bigint NOT NULL DEFAULT 1")
            .timestamps()
            .check("unit_of_number", "unit IS NULL OR kind = 'number'")
            .check("target_of_reference", "(kind = 'reference') = (target IS NOT NULL)")
            .check("filterable", "NOT is_filterable OR kind NOT IN ('text', 'rich_text', 'reference')")
            .unique_per_store("code")
            .create(manager)
            .await?;
        audit(manager, "attributes", "attribute", "id").await?;
        tenant_table("attribute_choices")
            .column("attribute_id uuid NOT NULL")
            .text("label", 100)
            .column("swatch text CHECK (swatch ~ '^#[0-9a-f]{6}$')")
            .column("position integer NOT NULL CHECK (position >= 0)")
            .belongs_to("attribute_id", "attributes", "CASCADE")
            .unique_per_store("attribute_id, label")
            .create(manager)
            .await?;
        audit(manager, "attribute_choices", "attribute", "attribute_id").await?;
        tenant_table("product_types")
            .text("name", 100)
            .column("version bigint NOT NULL DEFAULT 1")
            .timestamps()
            .unique_per_store("name")
            .create(manager)
            .await?;
        audit(manager, "product_types", "product_type", "id").await?;
        tenant_table("product_type_attributes")
            .keyed_by("product_type_id, attribute_id")
            .column("product_type_id uuid NOT NULL")
            .column("attribute_id uuid NOT NULL")
            .status("level", &["product", "variant"])
            .column("is_required boolean NOT NULL")
            .column("position integer NOT NULL CHECK (position >= 0)")
            .belongs_to("product_type_id", "product_types", "CASCADE")
            .belongs_to("attribute_id", "attributes", "RESTRICT")
            .index("attribute", "attribute_id")
            .create(manager)
            .await?;
        audit(manager, "product_type_attributes", "product_type", "product_type_id").await?;
        tenant_table("attribute_values")
            .column("product_id uuid NOT NULL")
            .column("variant_id uuid")
            .column("attribute_id uuid NOT NULL")
            .column("position integer NOT NULL CHECK (position BETWEEN 0 AND 49)")
            .column("content text CHECK (char_length(content) <= 50000)")
            .column("measure bigint")
            .column("choice_id uuid")
            .column("target_product_id uuid")
            .column("target_category_id uuid")
            .check("one_form", "num_nonnulls(content, measure, choice_id, target_product_id, target_category_id) = 1")
            .belongs_to("product_id", "products", "CASCADE")
            .belongs_to("variant_id", "variants", "CASCADE")
            .belongs_to("attribute_id", "attributes", "CASCADE")
            .belongs_to("choice_id", "attribute_choices", "RESTRICT")
            .belongs_to("target_product_id", "products", "CASCADE")
            .belongs_to("target_category_id", "categories", "CASCADE")
            .index("attribute", "attribute_id, product_id")
            .index("choice", "choice_id, product_id WHERE choice_id IS NOT NULL")
            .index("measure", "attribute_id, measure, product_id WHERE measure IS NOT NULL")
            .index("variant", "variant_id WHERE variant_id IS NOT NULL")
            .index("target_product", "target_product_id WHERE target_product_id IS NOT NULL")
            .index("target_category", "target_category_id WHERE target_category_id IS NOT NULL")
            .create(manager)
            .await?;
        audit(manager, "attribute_values", "product", "product_id").await?;
        // One value at each place, of the product itself (no variant) as of each variant.
        let key = "CREATE UNIQUE INDEX attribute_values_place_key
                   ON attribute_values (tenant_id, product_id, attribute_id, variant_id, position) NULLS NOT DISTINCT";
        manager.get_connection().execute_unprepared(key).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = ["attribute_values", "product_type_attributes", "product_types", "attribute_choices", "attributes"];
        drop_tables(manager, &tables).await
    }
}
