//! What a password alone does not open: second factors of accounts and operators, the codes that stand in for a lost one, and
//! sign-ins that wait for theirs. A session remembers when it was proved, and whether by a second factor.
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
-- `secret` is sealed. `last_step` is the newest time step whose code was taken: none is taken twice. Until it is confirmed, a
-- factor proves nothing.
CREATE TABLE second_factors (
  id uuid PRIMARY KEY,
  principal text NOT NULL CHECK (principal IN ('account', 'operator')),
  principal_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('totp')),
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 60),
  secret bytea NOT NULL CHECK (octet_length(secret) BETWEEN 1 AND 500),
  last_step bigint,
  created_at timestamptz NOT NULL,
  confirmed_at timestamptz,
  last_used_at timestamptz
);
CREATE INDEX second_factors_principal_idx ON second_factors (principal_id, principal);
CREATE INDEX second_factors_unconfirmed_idx ON second_factors (created_at) WHERE confirmed_at IS NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON second_factors TO stoa_platform;

CREATE TABLE recovery_codes (
  id uuid PRIMARY KEY,
  principal text NOT NULL CHECK (principal IN ('account', 'operator')),
  principal_id uuid NOT NULL,
  code_hash bytea NOT NULL CHECK (octet_length(code_hash) = 32),
  created_at timestamptz NOT NULL,
  used_at timestamptz,
  CONSTRAINT recovery_codes_code_hash_key UNIQUE (principal_id, principal, code_hash)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON recovery_codes TO stoa_platform;

-- Wrong codes of one person since a time: so many, and none is looked at any more for a while.
CREATE TABLE second_factor_guesses (
  principal text NOT NULL CHECK (principal IN ('account', 'operator')),
  principal_id uuid NOT NULL,
  wrong integer NOT NULL CHECK (wrong >= 0),
  since timestamptz NOT NULL,
  PRIMARY KEY (principal_id, principal)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON second_factor_guesses TO stoa_platform;

-- A sign-in whose password was right. An account's says to which store, and by which invitation it joins that.
CREATE TABLE sign_in_challenges (
  id uuid PRIMARY KEY,
  token_hash bytea NOT NULL CONSTRAINT sign_in_challenges_token_hash_key UNIQUE CHECK (octet_length(token_hash) = 32),
  principal text NOT NULL CHECK (principal IN ('account', 'operator')),
  principal_id uuid NOT NULL,
  tenant uuid REFERENCES tenants (id) ON DELETE RESTRICT,
  invitation_id uuid,
  tries integer NOT NULL CHECK (tries >= 0),
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  CHECK ((principal = 'account') = (tenant IS NOT NULL) AND (invitation_id IS NULL OR tenant IS NOT NULL))
);
CREATE INDEX sign_in_challenges_expires_at_idx ON sign_in_challenges (expires_at);
CREATE INDEX sign_in_challenges_open_of_idx ON sign_in_challenges (principal_id) WHERE used_at IS NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_challenges TO stoa_platform;

-- When whoever has the session last proved who they are, and when by a second factor.
ALTER TABLE refresh_tokens ADD COLUMN proved_at timestamptz, ADD COLUMN second_factor_at timestamptz;
";

const DOWN: &str = "
ALTER TABLE refresh_tokens DROP COLUMN proved_at, DROP COLUMN second_factor_at;
DROP TABLE sign_in_challenges, second_factor_guesses, recovery_codes, second_factors";
