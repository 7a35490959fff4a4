//! What becomes of people's data: what a store says about how long it is kept, who asked to be forgotten, and the copies that
//! customers asked for.

use sea_orm_migration::prelude::*;

use crate::tenant_table::{audit, drop_tables, tenant_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tenant_table("privacy_rules")
            .one_per_store()
            .column("order_contact_days integer NOT NULL CHECK (order_contact_days BETWEEN 0 AND 36500)")
            .column("closed_checkout_days integer NOT NULL CHECK (closed_checkout_days BETWEEN 1 AND 3650)")
            .column("export_days integer NOT NULL CHECK (export_days BETWEEN 1 AND 30)")
            .column("version bigint NOT NULL DEFAULT 1")
            .timestamps()
            .create(manager)
            .await?;
        audit(manager, "privacy_rules", "privacy_rules", "tenant_id").await?;
        // The receipt, and the tombstone: no reference to the customer, so that it can be brought back into a database that was
        // restored to a time before it.
        tenant_table("erasures")
            .column("customer_id uuid NOT NULL")
            .status("asked_by", &["customer", "vendor"])
            .column("asked_at timestamptz NOT NULL")
            .column("done_at timestamptz")
            // The last of several times: a restored backup is erased again.
            .column("applied_at timestamptz")
            .column("orders bigint NOT NULL DEFAULT 0")
            .column("checkouts bigint NOT NULL DEFAULT 0")
            .column("carts bigint NOT NULL DEFAULT 0")
            .column("addresses bigint NOT NULL DEFAULT 0")
            .column("audit_entries bigint NOT NULL DEFAULT 0")
            .unique_per_store("customer_id")
            .index("newest", "asked_at DESC, id DESC")
            .create(manager)
            .await?;
        audit(manager, "erasures", "erasure", "id").await?;
        tenant_table("customer_exports")
            .column("customer_id uuid NOT NULL")
            .column("asked_at timestamptz NOT NULL")
            .column("ready_at timestamptz")
            .column("expires_at timestamptz NOT NULL")
            .column("body jsonb")
            .belongs_to("customer_id", "customers", "CASCADE")
            .check("ready_with_body", "(ready_at IS NULL) = (body IS NULL)")
            .index("customer", "customer_id, asked_at DESC")
            .index("expires_at", "expires_at")
            .create(manager)
            .await?;
        manager.get_connection().execute_unprepared(UP).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await?;
        drop_tables(manager, &["customer_exports", "erasures", "privacy_rules"]).await
    }
}

/// The audit log stays a ledger: the one change that an entry can undergo, whoever asks for whatever, is that what it tells of an
/// erased person is struck out.
const UP: &str = r#"
CREATE UNIQUE INDEX customer_exports_open_key ON customer_exports (tenant_id, customer_id) WHERE ready_at IS NULL;
ALTER TABLE customers ADD COLUMN closed_at timestamptz, ADD COLUMN erased_at timestamptz;
ALTER TABLE orders ADD COLUMN contact_erased_at timestamptz;
ALTER TABLE accounts ADD COLUMN closed_at timestamptz;
-- Where an account that is closed is told so: kept until the mail is sent, and for two days at most.
CREATE TABLE account_farewells (
  id uuid PRIMARY KEY,
  email text NOT NULL CHECK (char_length(email) BETWEEN 3 AND 254),
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  created_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON account_farewells TO stoa_platform;
GRANT UPDATE (changes) ON audit_entries TO stoa_app;
CREATE FUNCTION strike_out_audit() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
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
CREATE TRIGGER strike_out_audit BEFORE UPDATE ON audit_entries FOR EACH ROW EXECUTE FUNCTION strike_out_audit();
"#;

const DOWN: &str = "
DROP TRIGGER strike_out_audit ON audit_entries;
DROP FUNCTION strike_out_audit();
DROP TABLE account_farewells;
ALTER TABLE accounts DROP COLUMN closed_at;
REVOKE UPDATE (changes) ON audit_entries FROM stoa_app;
ALTER TABLE orders DROP COLUMN contact_erased_at;
ALTER TABLE customers DROP COLUMN closed_at, DROP COLUMN erased_at;
";
