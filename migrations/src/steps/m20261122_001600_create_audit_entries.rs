//! What people and programs changed in a store, written by Postgres itself in the transaction of the change.
//!
//! A transaction that acts on somebody's behalf says so in `app.acting` (`actor|address|request`); while it does, every row that
//! it inserts, updates or deletes in an audited table leaves an entry with what was there before and after. Shoppers, jobs and
//! schedules say nothing there and leave none.

use sea_orm_migration::prelude::*;

use crate::tenant_table::{audit, drop_tables, tenant_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Table, the word for it in the log, and the column that names the row.
const AUDITED: &[(&str, &str, &str)] = &[
    ("api_keys", "api_key", "id"),
    ("categories", "category", "id"),
    ("fulfillments", "fulfillment", "id"),
    ("fulfillment_lines", "fulfillment", "fulfillment_id"),
    ("imports", "import", "id"),
    ("locations", "location", "id"),
    ("memberships", "member", "account_id"),
    ("option_values", "option_value", "id"),
    ("orders", "order", "id"),
    ("payments", "payment", "id"),
    ("prices", "price", "id"),
    ("product_categories", "product", "product_id"),
    ("product_images", "image", "id"),
    ("product_options", "option", "id"),
    ("product_tags", "product", "product_id"),
    ("products", "product", "id"),
    ("shipping_methods", "shipping_method", "id"),
    ("shipping_rates", "shipping_rate", "id"),
    ("shipping_zone_countries", "shipping_zone", "zone_id"),
    ("shipping_zones", "shipping_zone", "id"),
    ("stock_levels", "stock_level", "id"),
    ("store_settings", "store", "tenant_id"),
    ("tags", "tag", "id"),
    ("tax_rates", "tax_rate", "id"),
    ("variant_option_values", "variant", "variant_id"),
    ("variants", "variant", "id"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tenant_table("audit_entries")
            .text("actor", 100)
            .column("address text CHECK (char_length(address) <= 45)")
            .column("request_id text CHECK (char_length(request_id) <= 64)")
            .text("resource", 40)
            .column("resource_id uuid")
            .status("action", &["created", "updated", "deleted"])
            .column("changes jsonb NOT NULL")
            .column("occurred_at timestamptz NOT NULL")
            .index("newest", "occurred_at DESC, id DESC")
            .index("of_resource", "resource, resource_id, occurred_at DESC, id DESC")
            .index("of_actor", "actor, occurred_at DESC, id DESC")
            .append_only()
            .create(manager)
            .await?;
        manager.get_connection().execute_unprepared(RECORD).await?;
        for (table, resource, key) in AUDITED {
            audit(manager, table, resource, key).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, ..) in AUDITED {
            manager.get_connection().execute_unprepared(&format!("DROP TRIGGER record_audit ON {table}")).await?;
        }
        manager.get_connection().execute_unprepared("DROP FUNCTION record_audit()").await?;
        drop_tables(manager, &["audit_entries"]).await
    }
}

/// Arguments: the word for the table, the column that names the row. What could open a door is masked, what changes with every
/// change is left out; a change of nothing else leaves no entry. `{field: [before, after]}`.
const RECORD: &str = r#"
CREATE FUNCTION record_audit() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
  was jsonb := '{}';
  is_now jsonb := '{}';
  told jsonb;
  acting text[] := string_to_array(current_setting('app.acting'), '|');
BEGIN
  IF TG_OP <> 'INSERT' THEN was := to_jsonb(OLD); END IF;
  IF TG_OP <> 'DELETE' THEN is_now := to_jsonb(NEW); END IF;
  SELECT jsonb_object_agg(field, CASE WHEN field ~ '(_hash|secret|token|password|fingerprint)'
      THEN '["•••", "•••"]'::jsonb ELSE jsonb_build_array(was -> field, is_now -> field) END)
  INTO told
  FROM jsonb_object_keys(was || is_now) AS field
  WHERE field NOT IN ('tenant_id', 'id', 'version', 'created_at', 'updated_at')
    AND coalesce(was -> field, 'null') IS DISTINCT FROM coalesce(is_now -> field, 'null');
  IF told IS NULL AND TG_OP = 'UPDATE' THEN RETURN NULL; END IF;
  INSERT INTO audit_entries (tenant_id, id, actor, address, request_id, resource, resource_id, action, changes, occurred_at)
  VALUES (((was || is_now) ->> 'tenant_id')::uuid, gen_random_uuid(), acting[1], acting[2], acting[3], TG_ARGV[0],
    ((was || is_now) ->> TG_ARGV[1])::uuid,
    CASE TG_OP WHEN 'INSERT' THEN 'created' WHEN 'UPDATE' THEN 'updated' ELSE 'deleted' END, coalesce(told, '{}'), now());
  RETURN NULL;
END $$;
"#;
