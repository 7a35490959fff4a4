//! Writes what an import changes, one statement a table whatever the number of products.

use chrono::{DateTime, Utc};
use serde::Serialize;
use tenancy::TenantTx;
use uuid::Uuid;

use crate::{
    catalog::{Error, rows::Rows},
    clock::Clock,
    ids::StockLevelId,
    inventory::levels,
    sql,
};

/// Written on the movements of an import, by which a later import knows a level that nothing else has moved.
pub(super) const REASON: &str = "import";

#[derive(Default)]
pub(super) struct Changes {
    /// What is new.
    pub rows: Rows,
    pub products: Vec<ProductFields>,
    pub variants: Vec<VariantFields>,
    pub levels: Vec<LevelRow>,
    pub images: Vec<ImageAlt>,
    pub tags_lost: Vec<TagLost>,
}

#[derive(Serialize)]
pub(super) struct ProductFields {
    pub id: Uuid,
    pub title: String,
    pub description: String,
    pub brand: Option<String>,
    pub product_type: Option<String>,
    pub seo_title: Option<String>,
    pub seo_description: Option<String>,
    pub status: &'static str,
    pub published_at: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
pub(super) struct VariantFields {
    pub id: Uuid,
    pub sku: Option<String>,
    pub barcode: Option<String>,
    pub weight_grams: i32,
    pub requires_shipping: bool,
    pub is_stock_tracked: bool,
    pub tax_class: String,
}

#[derive(Serialize)]
pub(super) struct LevelRow {
    pub id: Uuid,
    pub movement_id: Uuid,
    /// Units that come or go; none is no movement.
    pub quantity: i32,
    pub backorder: &'static str,
}

#[derive(Serialize)]
pub(super) struct ImageAlt {
    pub id: Uuid,
    pub alt: String,
}

#[derive(Serialize)]
pub(super) struct TagLost {
    pub product_id: Uuid,
    pub tag_id: Uuid,
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
            && self.products.is_empty()
            && self.variants.is_empty()
            && self.levels.is_empty()
            && self.images.is_empty()
            && self.tags_lost.is_empty()
    }

    pub(super) fn append(&mut self, mut other: Self) {
        self.rows.append(&mut other.rows);
        self.products.append(&mut other.products);
        self.variants.append(&mut other.variants);
        self.levels.append(&mut other.levels);
        self.images.append(&mut other.images);
        self.tags_lost.append(&mut other.tags_lost);
    }

    pub(super) async fn write(&self, tx: &TenantTx, clock: &Clock) -> Result<(), Error> {
        if !self.rows.is_empty() {
            self.rows.insert(tx, clock, Some(REASON)).await?;
        }
        write_rows(tx, clock, PRODUCTS, &self.products).await?;
        write_rows(tx, clock, VARIANTS, &self.variants).await?;
        write_rows(tx, clock, IMAGES, &self.images).await?;
        write_rows(tx, clock, TAGS, &self.tags_lost).await?;
        write_rows(tx, clock, LEVELS, &self.levels).await?;
        let levels: Vec<StockLevelId> = self.levels.iter().map(|row| StockLevelId::from_uuid(row.id)).collect();
        Ok(levels::note_crossings(tx, clock, &levels).await?)
    }
}

async fn write_rows<T: Serialize>(tx: &TenantTx, clock: &Clock, text: &str, rows: &[T]) -> Result<(), Error> {
    if !rows.is_empty() {
        sql::run(tx, text, [tx.tenant().into(), sql::json(rows)?, clock.now().into()]).await?;
    }
    Ok(())
}

const PRODUCTS: &str = "
UPDATE products p SET title = x.title, description = x.description, brand = x.brand, product_type = x.product_type,
  seo_title = x.seo_title, seo_description = x.seo_description, status = x.status, published_at = x.published_at, version = p.version + 1, updated_at = $3
FROM jsonb_to_recordset($2) AS x (id uuid, title text, description text, brand text, product_type text, seo_title text,
  seo_description text, status text, published_at timestamptz)
WHERE p.tenant_id = $1 AND p.id = x.id";

const VARIANTS: &str = "
UPDATE variants v SET sku = x.sku, barcode = x.barcode,
  is_barcode_shared = v.is_barcode_shared AND v.barcode IS NOT DISTINCT FROM x.barcode, weight_grams = x.weight_grams, requires_shipping = x.requires_shipping,
  is_stock_tracked = x.is_stock_tracked, tax_class = x.tax_class, updated_at = $3
FROM jsonb_to_recordset($2) AS x (id uuid, sku text, barcode text, weight_grams integer, requires_shipping boolean,
  is_stock_tracked boolean, tax_class text)
WHERE v.tenant_id = $1 AND v.id = x.id";

const IMAGES: &str = "
UPDATE product_images i SET alt = x.alt FROM jsonb_to_recordset($2) AS x (id uuid, alt text)
WHERE i.tenant_id = $1 AND i.id = x.id AND $3::timestamptz IS NOT NULL";

const TAGS: &str = "
DELETE FROM product_tags t USING jsonb_to_recordset($2) AS x (product_id uuid, tag_id uuid)
WHERE t.tenant_id = $1 AND t.product_id = x.product_id AND t.tag_id = x.tag_id AND $3::timestamptz IS NOT NULL";

/// The rule of the file head, asked once more of the row itself: between the comparison and this statement a unit may
/// have been reserved.
const LEVELS: &str = "
WITH changed AS (
  UPDATE stock_levels s SET on_hand = s.on_hand + x.quantity, backorder = x.backorder, updated_at = $3
  FROM jsonb_to_recordset($2) AS x (id uuid, movement_id uuid, quantity integer, backorder text)
  WHERE s.tenant_id = $1 AND s.id = x.id AND (x.quantity = 0 OR s.reserved = 0)
    AND (x.backorder = 'allow' OR (s.on_hand + x.quantity >= s.reserved))
  RETURNING s.id, x.movement_id, x.quantity)
INSERT INTO stock_movements (tenant_id, id, stock_level_id, kind, quantity, reason, created_at)
SELECT $1, movement_id, id, 'adjusted', quantity, 'import', $3 FROM changed WHERE quantity <> 0";
