//! A saved fact is announced with its tenant, so that every process knows whose kept answers are old.

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

/// Facts are saved inside their tenant; equal announcements of one transaction fold into one.
const UP: &str = "
CREATE OR REPLACE FUNCTION announce_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_notify('stoa_facts', coalesce(current_setting('app.tenant_id', true), '')); RETURN NULL; END $$;
";

const DOWN: &str = "
CREATE OR REPLACE FUNCTION announce_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_notify('stoa_facts', ''); RETURN NULL; END $$;
";
