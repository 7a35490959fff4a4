//! A store's team: roles of its own, and invitations that are open.

use sea_orm_migration::prelude::*;

use crate::tenant_table::{drop_tables, tenant_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

const ROLES: [&str; 8] = ["owner", "administrator", "catalogue", "orders", "support", "analyst", "read_only", "custom"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tenant_table("roles")
            .text("name", 60)
            .text("name_folded", 2000)
            .column("permissions text[] NOT NULL CHECK (cardinality(permissions) BETWEEN 1 AND 100)")
            .timestamps()
            .unique_per_store("name_folded")
            .create(manager)
            .await?;
        // A row is an open invitation: who accepts, revokes or replaces it deletes it. Its code is derived from its id.
        tenant_table("invitations")
            .text("email", 254)
            .status("role", &ROLES)
            .column("role_id uuid")
            .column("invited_by uuid REFERENCES accounts (id) ON DELETE SET NULL")
            .column("sent integer NOT NULL CHECK (sent >= 1)")
            .column("created_at timestamptz NOT NULL")
            .column("expires_at timestamptz NOT NULL")
            .unique_per_store("email")
            .belongs_to("role_id", "roles", "RESTRICT")
            .check("role_id", "(role = 'custom') = (role_id IS NOT NULL)")
            .check("email_folded", "email = lower(email)")
            .create(manager)
            .await?;
        manager.get_connection().execute_unprepared(UP).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await?;
        drop_tables(manager, &["invitations", "roles"]).await
    }
}

/// Whoever was `staff` goes on with a role of the store's own that may exactly what staff could: nobody gains or loses by it.
/// The owner of the tables is behind their walls too, so these come down for the length of this transaction.
const UP: &str = "
ALTER TABLE memberships NO FORCE ROW LEVEL SECURITY;
ALTER TABLE roles NO FORCE ROW LEVEL SECURITY;
ALTER TABLE memberships DROP CONSTRAINT memberships_role_check, ADD COLUMN role_id uuid;
INSERT INTO roles (tenant_id, id, name, name_folded, permissions, created_at, updated_at)
SELECT tenant_id, gen_random_uuid(), 'Staff', 'staff',
       ARRAY['read_products', 'write_products', 'read_stock', 'write_stock', 'read_orders', 'write_orders', 'read_analytics', 'read_settings'],
       now(), now()
FROM memberships WHERE role = 'staff' GROUP BY tenant_id;
UPDATE memberships m SET role = 'custom', role_id = r.id FROM roles r WHERE m.role = 'staff' AND r.tenant_id = m.tenant_id;
ALTER TABLE memberships
  ADD CONSTRAINT memberships_role_check
    CHECK (role IN ('owner', 'administrator', 'catalogue', 'orders', 'support', 'analyst', 'read_only', 'custom')),
  ADD CONSTRAINT memberships_role_id_check CHECK ((role = 'custom') = (role_id IS NOT NULL)),
  ADD CONSTRAINT memberships_role_id_fkey FOREIGN KEY (tenant_id, role_id) REFERENCES roles (tenant_id, id) ON DELETE RESTRICT;
ALTER TABLE roles FORCE ROW LEVEL SECURITY;
ALTER TABLE memberships FORCE ROW LEVEL SECURITY;
-- Who leaves a team loses membership and sessions in one transaction, who joins one gains both, and sessions are the platform's.
-- The wall stands before it as before everybody: it changes the team of the one tenant that it has entered.
GRANT UPDATE, DELETE ON memberships TO stoa_platform;
GRANT UPDATE, DELETE ON invitations TO stoa_platform;
";

/// Back there are owners and staff: an administrator becomes the second rather than the first.
const DOWN: &str = "
REVOKE UPDATE, DELETE ON memberships FROM stoa_platform;
ALTER TABLE memberships NO FORCE ROW LEVEL SECURITY;
ALTER TABLE memberships DROP CONSTRAINT memberships_role_check, DROP CONSTRAINT memberships_role_id_check,
  DROP CONSTRAINT memberships_role_id_fkey, DROP COLUMN role_id;
UPDATE memberships SET role = 'staff' WHERE role <> 'owner';
ALTER TABLE memberships ADD CONSTRAINT memberships_role_check CHECK (role IN ('owner', 'staff'));
ALTER TABLE memberships FORCE ROW LEVEL SECURITY;
";
