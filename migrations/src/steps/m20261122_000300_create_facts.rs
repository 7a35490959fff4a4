//! Facts (the outbox), the jobs that wait for a place in a lane, what was already handled, and idempotency keys.
use sea_orm_migration::prelude::*;

use crate::tenant_table::{drop_tables, tenant_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tenant_table("facts")
            .text("code", 64)
            .text("aggregate", 32)
            .column("aggregate_id uuid NOT NULL")
            .column("sequence bigint NOT NULL CHECK (sequence >= 1)")
            .column("body jsonb NOT NULL")
            .column("trace_parent text")
            .column("occurred_at timestamptz NOT NULL")
            .column("relayed_at timestamptz")
            .unique_per_store("aggregate_id, sequence")
            .platform_tends()
            .create(manager)
            .await?;
        tenant_table("waiting_jobs")
            .status("lane", &["payments", "mail", "webhooks", "search", "analytics", "media"])
            .text("kind", 64)
            .column("key text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 128)")
            .column("job jsonb NOT NULL")
            .column("created_at timestamptz NOT NULL")
            .unique_per_store("kind, key")
            .platform_tends()
            .create(manager)
            .await?;
        tenant_table("handled_jobs")
            .keyed_by("kind, key")
            .text("kind", 64)
            .column("key text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 128)")
            .column("handled_at timestamptz NOT NULL")
            .platform_tends()
            .create(manager)
            .await?;
        tenant_table("idempotency_keys")
            .keyed_by("principal, route, key")
            .text("principal", 64)
            .text("route", 200)
            .text("key", 255)
            .column("fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32)")
            .column("status smallint NOT NULL CHECK (status BETWEEN 200 AND 499)")
            .column("body jsonb")
            .column("created_at timestamptz NOT NULL")
            .platform_tends()
            .create(manager)
            .await?;
        manager.get_connection().execute_unprepared(RELAY).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["idempotency_keys", "handled_jobs", "waiting_jobs", "facts"]).await?;
        manager.get_connection().execute_unprepared("DROP FUNCTION announce_facts()").await.map(|_| ())
    }
}

/// The relay walks tenants in turn over these partial indexes, and wakes on the notification. One notification a
/// statement, not a row; its payload is empty so that equal ones fold into one.
const RELAY: &str = r"
CREATE INDEX facts_unrelayed_idx ON facts (tenant_id, occurred_at, id) WHERE relayed_at IS NULL;
CREATE INDEX facts_relayed_at_idx ON facts (relayed_at) WHERE relayed_at IS NOT NULL;
CREATE INDEX waiting_jobs_lane_idx ON waiting_jobs (lane, tenant_id, created_at, id);
CREATE FUNCTION announce_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_notify('stoa_facts', ''); RETURN NULL; END $$;
CREATE TRIGGER announce_facts AFTER INSERT ON facts FOR EACH STATEMENT EXECUTE FUNCTION announce_facts();
";
