//! What an account lives by beside its password: a proved address, codes that were mailed to it, and sessions that can be told
//! apart.
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
ALTER TABLE accounts ADD COLUMN email_verified_at timestamptz;

-- A code that proves an address (`email`); `asked_by` is the account's own address when it asked. The code itself is
-- derived from the id and never stored. `account_id` is absent where an unknown address asked: that costs the same, so that
-- nobody learns who has an account.
CREATE TABLE account_codes (
  id uuid PRIMARY KEY,
  account_id uuid REFERENCES accounts (id) ON DELETE CASCADE,
  purpose text NOT NULL CHECK (purpose IN ('verify_email', 'reset_password', 'change_email')),
  email text CHECK (email = lower(email) AND char_length(email) BETWEEN 3 AND 254),
  asked_by text CHECK (char_length(asked_by) BETWEEN 3 AND 254),
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  CHECK ((account_id IS NULL) = (email IS NULL) AND (account_id IS NULL) = (asked_by IS NULL))
);
CREATE INDEX account_codes_account_id_idx ON account_codes (account_id, purpose, created_at DESC);
CREATE INDEX account_codes_expires_at_idx ON account_codes (expires_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON account_codes TO stoa_platform;

ALTER TABLE refresh_tokens ADD COLUMN began_at timestamptz, ADD COLUMN user_agent text CHECK (char_length(user_agent) <= 200),
  ADD COLUMN address text CHECK (char_length(address) <= 45);
CREATE INDEX refresh_tokens_live_of_idx ON refresh_tokens (principal_id) WHERE used_at IS NULL AND revoked_at IS NULL;
";

const DOWN: &str = "
DROP INDEX refresh_tokens_live_of_idx;
ALTER TABLE refresh_tokens DROP COLUMN began_at, DROP COLUMN user_agent, DROP COLUMN address;
DROP TABLE account_codes;
ALTER TABLE accounts DROP COLUMN email_verified_at";
