//! Signing in by other providers: who somebody is there, and flows that are under way. A password is one way to sign in among
//! several from here on.

use sea_orm_migration::prelude::*;

use crate::tenant_table::{drop_tables, tenant_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(UP).await?;
        tenant_table("customer_identities")
            .column("customer_id uuid NOT NULL")
            .text("issuer", 500)
            .text("subject", 255)
            .text("provider_name", 60)
            .column("created_at timestamptz NOT NULL")
            .unique_per_store("issuer, subject")
            .belongs_to("customer_id", "customers", "CASCADE")
            .index("customer", "customer_id, id")
            .create(manager)
            .await?;
        // As `account_oauth_flows`.
        tenant_table("customer_oauth_flows")
            .column("linked_to uuid")
            .text("provider", 64)
            .text("return_to", 500)
            .column("challenge text NOT NULL CHECK (char_length(challenge) = 43)")
            .column("created_at timestamptz NOT NULL")
            .column("expires_at timestamptz NOT NULL")
            .column("returned_at timestamptz")
            .column("issuer text CHECK (char_length(issuer) BETWEEN 1 AND 500)")
            .column("subject text CHECK (char_length(subject) BETWEEN 1 AND 255)")
            .optional_text("provider_name", 60)
            .column("email text CHECK (email = lower(email) AND char_length(email) BETWEEN 3 AND 254)")
            .optional_text("name", 100)
            .column("grant_expires_at timestamptz")
            .check("proved_whole", "(grant_expires_at IS NULL) = (issuer IS NULL) AND (issuer IS NULL) = (subject IS NULL)")
            .belongs_to("linked_to", "customers", "CASCADE")
            .index("expires_at", "expires_at")
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["customer_oauth_flows", "customer_identities"]).await?;
        manager.get_connection().execute_unprepared(DOWN).await.map(|_| ())
    }
}

const UP: &str = "
ALTER TABLE accounts ALTER COLUMN password_hash DROP NOT NULL;
ALTER TABLE customers ALTER COLUMN password_hash DROP NOT NULL;

-- Who an account is elsewhere. The address that a provider tells of is no identity: it can change hands.
CREATE TABLE account_identities (
  id uuid PRIMARY KEY,
  account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  issuer text NOT NULL CHECK (char_length(issuer) BETWEEN 1 AND 500),
  subject text NOT NULL CHECK (char_length(subject) BETWEEN 1 AND 255),
  provider_name text NOT NULL CHECK (char_length(provider_name) BETWEEN 1 AND 60),
  created_at timestamptz NOT NULL,
  CONSTRAINT account_identities_issuer_subject_key UNIQUE (issuer, subject)
);
CREATE INDEX account_identities_account_id_idx ON account_identities (account_id, id);
GRANT SELECT, INSERT, UPDATE, DELETE ON account_identities TO stoa_platform;

-- A way to a provider and back, begun by who knows the verifier of `challenge`. State, nonce, verifier and grant are derived
-- from the id and never stored. `linked_to` is the account that is to sign in this way from now on, absent where somebody
-- signs in; `tenant` the store that it was signed in to. What follows `returned_at` is what the provider proved.
CREATE TABLE account_oauth_flows (
  id uuid PRIMARY KEY,
  tenant uuid REFERENCES tenants (id) ON DELETE CASCADE,
  linked_to uuid REFERENCES accounts (id) ON DELETE CASCADE,
  provider text NOT NULL CHECK (char_length(provider) BETWEEN 1 AND 64),
  return_to text NOT NULL CHECK (char_length(return_to) BETWEEN 1 AND 500),
  challenge text NOT NULL CHECK (char_length(challenge) = 43),
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  returned_at timestamptz,
  issuer text CHECK (char_length(issuer) BETWEEN 1 AND 500),
  subject text CHECK (char_length(subject) BETWEEN 1 AND 255),
  provider_name text CHECK (char_length(provider_name) BETWEEN 1 AND 60),
  email text CHECK (email = lower(email) AND char_length(email) BETWEEN 3 AND 254),
  name text CHECK (char_length(name) BETWEEN 1 AND 100),
  grant_expires_at timestamptz,
  CHECK ((grant_expires_at IS NULL) = (issuer IS NULL) AND (issuer IS NULL) = (subject IS NULL))
);
CREATE INDEX account_oauth_flows_expires_at_idx ON account_oauth_flows (expires_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON account_oauth_flows TO stoa_platform;
";

/// Whoever has no password gets the hash of one that nobody knows: it can be replaced by mail, as a forgotten one. The owner of
/// the tables is behind their walls too, so one comes down for the length of this transaction.
const DOWN: &str = "
DROP TABLE account_oauth_flows, account_identities;
UPDATE accounts SET password_hash = '$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
WHERE password_hash IS NULL;
ALTER TABLE accounts ALTER COLUMN password_hash SET NOT NULL;
ALTER TABLE customers NO FORCE ROW LEVEL SECURITY;
UPDATE customers SET password_hash = '$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
WHERE password_hash IS NULL;
ALTER TABLE customers FORCE ROW LEVEL SECURITY;
ALTER TABLE customers ALTER COLUMN password_hash SET NOT NULL;
";
