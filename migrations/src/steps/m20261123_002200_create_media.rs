//! Pictures that a store has uploaded or had fetched, and what its products show of them.

use sea_orm_migration::prelude::*;

use crate::tenant_table::{audit, drop_tables, tenant_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tenant_table("media")
            .status("kind", &["image"])
            .status("status", &["uploaded", "ready", "failed"])
            .column("failure text CHECK (char_length(failure) BETWEEN 1 AND 200)")
            .text("content_type", 50)
            .column("bytes bigint NOT NULL CHECK (bytes > 0)")
            .column("width integer NOT NULL CHECK (width > 0)")
            .column("height integer NOT NULL CHECK (height > 0)")
            // Of the original: equal bytes are kept once in a store, and two stores never meet.
            .column("sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32)")
            // Stands in the names of what is shown: other bytes, or other settings of the encoders, have another.
            .column("name_hash text NOT NULL CHECK (name_hash ~ '^[0-9a-f]{16}$')")
            .column("rendered smallint NOT NULL DEFAULT 0 CHECK (rendered >= 0)")
            .column("fallback text CHECK (fallback IN ('jpg', 'png'))")
            .column("focal_x numeric(4, 3) CHECK (focal_x BETWEEN 0 AND 1)")
            .column("focal_y numeric(4, 3) CHECK (focal_y BETWEEN 0 AND 1)")
            .text("created_by", 100)
            .column("unused_since timestamptz")
            .timestamps()
            .unique_per_store("sha256")
            .check("focal", "(focal_x IS NULL) = (focal_y IS NULL)")
            .check("ready", "status <> 'ready' OR fallback IS NOT NULL")
            .check("failed", "(status = 'failed') = (failure IS NOT NULL)")
            .index("newest", "created_at DESC, id DESC")
            .index("unused", "unused_since WHERE unused_since IS NOT NULL")
            .create(manager)
            .await?;
        audit(manager, "media", "media", "id").await?;
        manager.get_connection().execute_unprepared(UP).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await?;
        drop_tables(manager, &["media"]).await
    }
}

/// `url` is what is shown now: an address outside until our own picture is there. The owner of the tables is behind their walls too,
/// so this one comes down for the length of this transaction.
const UP: &str = "
ALTER TABLE product_images NO FORCE ROW LEVEL SECURITY;
ALTER TABLE product_images
  DROP CONSTRAINT product_images_url_check,
  ALTER COLUMN url DROP NOT NULL,
  ADD COLUMN source_url text CHECK (source_url ~ '^https?://' AND char_length(source_url) <= 2000),
  ADD COLUMN media_id uuid,
  ADD COLUMN picture jsonb,
  ADD COLUMN failure text CHECK (char_length(failure) BETWEEN 1 AND 200),
  ADD COLUMN fetch_after timestamptz,
  ADD COLUMN fetch_attempts smallint NOT NULL DEFAULT 0 CHECK (fetch_attempts >= 0);
UPDATE product_images SET source_url = url, fetch_after = now();
ALTER TABLE product_images
  ADD CONSTRAINT product_images_url_check CHECK (url ~ '^(https?://|/media/)' AND char_length(url) <= 2000),
  ADD CONSTRAINT product_images_origin_check CHECK (source_url IS NOT NULL OR media_id IS NOT NULL),
  ADD CONSTRAINT product_images_media_id_fkey FOREIGN KEY (tenant_id, media_id) REFERENCES media (tenant_id, id) ON DELETE RESTRICT,
  FORCE ROW LEVEL SECURITY;
CREATE INDEX product_images_media_id_idx ON product_images (tenant_id, media_id) WHERE media_id IS NOT NULL;
CREATE INDEX product_images_fetch_after_idx ON product_images (tenant_id, fetch_after) WHERE fetch_after IS NOT NULL;
ALTER TABLE product_listings ADD COLUMN picture jsonb;
";

/// Back there are addresses alone: an image that has none besides ours is lost.
const DOWN: &str = "
ALTER TABLE product_listings DROP COLUMN picture;
ALTER TABLE product_images NO FORCE ROW LEVEL SECURITY;
DELETE FROM product_images WHERE source_url IS NULL;
ALTER TABLE product_images DROP CONSTRAINT product_images_url_check, DROP CONSTRAINT product_images_origin_check;
UPDATE product_images SET url = source_url;
ALTER TABLE product_images
  DROP CONSTRAINT product_images_media_id_fkey,
  DROP COLUMN source_url, DROP COLUMN media_id, DROP COLUMN picture, DROP COLUMN failure, DROP COLUMN fetch_after,
  DROP COLUMN fetch_attempts,
  ALTER COLUMN url SET NOT NULL,
  ADD CONSTRAINT product_images_url_check CHECK (url ~ '^https?://' AND char_length(url) <= 2000),
  FORCE ROW LEVEL SECURITY;
";
