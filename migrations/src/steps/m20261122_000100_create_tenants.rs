//! The platform's own tables: which tenants exist, on which hosts they answer, and who operates the platform.
//! `stoa_app` sees one row of `tenants` (its own) and none of the rest.
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

const UP: &str = r"
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO stoa_app, stoa_platform;

CREATE TABLE tenants (
  id uuid PRIMARY KEY,
  slug text NOT NULL CONSTRAINT tenants_slug_key UNIQUE CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{1,38}[a-z0-9])$'),
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  status text NOT NULL CHECK (status IN ('active', 'suspended')),
  status_reason text CHECK (char_length(status_reason) BETWEEN 1 AND 500),
  plan text NOT NULL CHECK (plan IN ('standard', 'plus')),
  cell text NOT NULL DEFAULT 'main',
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
CREATE INDEX tenants_created_at_idx ON tenants (created_at DESC, id DESC);
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY own_row ON tenants FOR SELECT TO stoa_app USING (id = (SELECT current_setting('app.tenant_id')::uuid));
CREATE POLICY platform_tends ON tenants FOR ALL TO stoa_platform USING (true) WITH CHECK (true);
GRANT SELECT ON tenants TO stoa_app;
GRANT SELECT, INSERT, UPDATE ON tenants TO stoa_platform;

CREATE TABLE tenant_hosts (
  host text PRIMARY KEY CHECK (host = lower(host) AND char_length(host) BETWEEN 1 AND 253),
  tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE RESTRICT,
  kind text NOT NULL CHECK (kind IN ('platform', 'own')),
  verified_at timestamptz,
  created_at timestamptz NOT NULL
);
CREATE INDEX tenant_hosts_tenant_id_idx ON tenant_hosts (tenant_id);
ALTER TABLE tenant_hosts ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant_hosts FORCE ROW LEVEL SECURITY;
CREATE POLICY platform_tends ON tenant_hosts FOR ALL TO stoa_platform USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON tenant_hosts TO stoa_platform;

CREATE TABLE accounts (
  id uuid PRIMARY KEY,
  email text NOT NULL CONSTRAINT accounts_email_key UNIQUE CHECK (email = lower(email) AND char_length(email) BETWEEN 3 AND 254),
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  password_hash text NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON accounts TO stoa_platform;

CREATE TABLE operators (
  id uuid PRIMARY KEY,
  email text NOT NULL CONSTRAINT operators_email_key UNIQUE CHECK (email = lower(email) AND char_length(email) BETWEEN 3 AND 254),
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  password_hash text NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON operators TO stoa_platform;

-- Refresh tokens of accounts and operators: hashed, single use, one live tip a family.
CREATE TABLE refresh_tokens (
  id uuid PRIMARY KEY,
  token_hash bytea NOT NULL CONSTRAINT refresh_tokens_token_hash_key UNIQUE CHECK (octet_length(token_hash) = 32),
  family_id uuid NOT NULL,
  principal text NOT NULL CHECK (principal IN ('account', 'operator')),
  principal_id uuid NOT NULL,
  tenant uuid REFERENCES tenants (id) ON DELETE RESTRICT,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  revoked_at timestamptz
);
CREATE INDEX refresh_tokens_family_id_idx ON refresh_tokens (family_id);
CREATE UNIQUE INDEX refresh_tokens_live_tip_key ON refresh_tokens (family_id) WHERE used_at IS NULL AND revoked_at IS NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON refresh_tokens TO stoa_platform;

-- What operators did, written in the transaction that did it. Append-only by grant.
CREATE TABLE operator_audit (
  id uuid PRIMARY KEY,
  operator_id uuid NOT NULL REFERENCES operators (id) ON DELETE RESTRICT,
  action text NOT NULL CHECK (char_length(action) BETWEEN 1 AND 100),
  tenant uuid REFERENCES tenants (id) ON DELETE RESTRICT,
  reason text CHECK (char_length(reason) BETWEEN 1 AND 500),
  request_id text,
  occurred_at timestamptz NOT NULL
);
CREATE INDEX operator_audit_occurred_at_idx ON operator_audit (occurred_at DESC, id DESC);
GRANT SELECT, INSERT ON operator_audit TO stoa_platform;
";

const DOWN: &str = "DROP TABLE operator_audit, refresh_tokens, operators, accounts, tenant_hosts, tenants";
