//! What the audit log tells of parcels of somebody who was erased is struck out too: a tracking number names who received it.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(UP).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await.map(|_| ())
    }
}

const UP: &str = r#"
CREATE OR REPLACE FUNCTION strike_out_audit() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM erasures e WHERE e.tenant_id = OLD.tenant_id AND e.customer_id = CASE OLD.resource
      WHEN 'customer' THEN OLD.resource_id
      WHEN 'order' THEN (SELECT o.customer_id FROM orders o WHERE o.tenant_id = OLD.tenant_id AND o.id = OLD.resource_id)
      WHEN 'fulfillment' THEN (SELECT o.customer_id FROM fulfillments f JOIN orders o ON o.tenant_id = f.tenant_id AND o.id = f.order_id
        WHERE f.tenant_id = OLD.tenant_id AND f.id = OLD.resource_id) END) THEN
    RAISE insufficient_privilege USING MESSAGE = 'permission denied: the audit log only grows';
  END IF;
  NEW := OLD;
  NEW.changes := (SELECT jsonb_object_agg(change.key, CASE WHEN change.key ~ '(name|email|note|address|phone|tracking|reason)'
      THEN '["•••", "•••"]'::jsonb ELSE change.value END) FROM jsonb_each(OLD.changes) AS change);
  RETURN NEW;
END $$;
"#;

const DOWN: &str = r#"
CREATE OR REPLACE FUNCTION strike_out_audit() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM erasures e WHERE e.tenant_id = OLD.tenant_id AND e.customer_id = CASE OLD.resource
      WHEN 'customer' THEN OLD.resource_id
      WHEN 'order' THEN (SELECT o.customer_id FROM orders o WHERE o.tenant_id = OLD.tenant_id AND o.id = OLD.resource_id) END) THEN
    RAISE insufficient_privilege USING MESSAGE = 'permission denied: the audit log only grows';
  END IF;
  NEW := OLD;
  NEW.changes := (SELECT jsonb_object_agg(change.key, CASE WHEN change.key ~ '(name|email|note|address|phone)'
      THEN '["•••", "•••"]'::jsonb ELSE change.value END) FROM jsonb_each(OLD.changes) AS change);
  RETURN NEW;
END $$;
"#;
