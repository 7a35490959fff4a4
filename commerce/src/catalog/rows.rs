//! Rows of any number of products, inserted by one statement: how a product is made, by hand or by import.

use chrono::{DateTime, Utc};
use serde::Serialize;
use tenancy::TenantTx;
use uuid::Uuid;

use super::{Error, events::ImagesAwaited};
use crate::{
    clock::Clock,
    ids::{ImageId, ProductId},
    inventory::levels::{self, Opening},
    media::Picture,
    outbox, sql,
};

#[derive(Default, Serialize)]
pub(super) struct Rows {
    pub products: Vec<ProductRow>,
    pub options: Vec<OptionRow>,
    pub values: Vec<ValueRow>,
    pub variants: Vec<VariantRow>,
    pub choices: Vec<ChoiceRow>,
    pub prices: Vec<PriceRow>,
    pub images: Vec<ImageRow>,
    pub categories: Vec<CategoryRow>,
    pub tags: Vec<TagRow>,
    #[serde(skip)]
    pub openings: Vec<Opening>,
}

#[derive(Serialize)]
pub(super) struct ProductRow {
    pub id: Uuid,
    pub slug: String,
    pub title: String,
    pub description: String,
    pub brand: Option<String>,
    pub product_type: Option<String>,
    pub external_id: Option<String>,
    pub seo_title: Option<String>,
    pub seo_description: Option<String>,
    pub publish_at: Option<DateTime<Utc>>,
    pub unpublish_at: Option<DateTime<Utc>>,
    pub status: &'static str,
    pub published_at: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
pub(super) struct OptionRow {
    pub id: Uuid,
    pub product_id: Uuid,
    pub name: String,
    pub position: usize,
}

#[derive(Serialize)]
pub(super) struct ValueRow {
    pub id: Uuid,
    pub option_id: Uuid,
    pub value: String,
    pub position: usize,
}

#[derive(Serialize)]
pub(super) struct VariantRow {
    pub id: Uuid,
    pub product_id: Uuid,
    pub sku: Option<String>,
    pub barcode: Option<String>,
    pub title: String,
    pub position: usize,
    pub weight_grams: i32,
    pub requires_shipping: bool,
    pub is_stock_tracked: bool,
    pub tax_class: String,
}

#[derive(Serialize)]
pub(super) struct ChoiceRow {
    pub variant_id: Uuid,
    pub option_id: Uuid,
    pub option_value_id: Uuid,
}

#[derive(Serialize)]
pub(super) struct PriceRow {
    pub id: Uuid,
    pub variant_id: Uuid,
    pub currency: &'static str,
    pub amount: i64,
    pub compare_at_amount: Option<i64>,
}

#[derive(Serialize)]
pub(super) struct ImageRow {
    pub id: Uuid,
    pub product_id: Uuid,
    pub variant_id: Option<Uuid>,
    /// What is shown now.
    pub url: Option<String>,
    /// The address that the store named: its file is fetched.
    pub source_url: Option<String>,
    pub media_id: Option<Uuid>,
    pub picture: Option<Picture>,
    pub failure: Option<String>,
    pub alt: String,
    pub position: usize,
}

#[derive(Serialize)]
pub(super) struct CategoryRow {
    pub product_id: Uuid,
    pub category_id: Uuid,
}

#[derive(Serialize)]
pub(super) struct TagRow {
    pub product_id: Uuid,
    pub tag_id: Uuid,
}

impl ImageRow {
    /// A picture by its address, which is shown until its file is fetched.
    pub(super) fn awaited(product: ProductId, position: usize, url: String, alt: String) -> Self {
        Self {
            id: ImageId::new().uuid(),
            product_id: product.uuid(),
            variant_id: None,
            url: Some(url.clone()),
            source_url: Some(url),
            media_id: None,
            picture: None,
            failure: None,
            alt,
            position,
        }
    }
}

impl Rows {
    pub(super) fn is_empty(&self) -> bool {
        self.products.is_empty()
            && self.options.is_empty()
            && self.values.is_empty()
            && self.variants.is_empty()
            && self.choices.is_empty()
            && self.prices.is_empty()
            && self.images.is_empty()
            && self.categories.is_empty()
            && self.tags.is_empty()
    }

    pub(super) fn append(&mut self, other: &mut Self) {
        self.products.append(&mut other.products);
        self.options.append(&mut other.options);
        self.values.append(&mut other.values);
        self.variants.append(&mut other.variants);
        self.choices.append(&mut other.choices);
        self.prices.append(&mut other.prices);
        self.images.append(&mut other.images);
        self.categories.append(&mut other.categories);
        self.tags.append(&mut other.tags);
        self.openings.append(&mut other.openings);
    }

    /// Inserts everything, and opens the levels of the new variants. `reason` is written on their first movement.
    ///
    /// # Errors
    /// `SlugTaken`, `SkuTaken` and their like: the schema decides.
    pub(super) async fn insert(&self, tx: &TenantTx, clock: &Clock, reason: Option<&str>) -> Result<(), Error> {
        sql::run(tx, INSERT, [tx.tenant().into(), sql::json(self)?, clock.now().into()]).await?;
        levels::open(tx, clock, &self.openings, reason).await?;
        let mut awaited = self.images.iter().filter(|image| image.source_url.is_some()).map(|image| image.id);
        if let Some(first) = awaited.next() {
            let fact = ImagesAwaited { first_image_id: ImageId::from_uuid(first), count: awaited.count() + 1 };
            outbox::record(tx, clock, &fact).await?;
        }
        Ok(())
    }
}

/// Foreign keys are checked when the whole statement has run, so the order of its parts is of no matter. A price that the
/// variant already has in a currency is replaced.
const INSERT: &str = "
WITH product AS (
  INSERT INTO products (tenant_id, id, slug, title, description, brand, product_type, external_id, seo_title,
    seo_description, publish_at, unpublish_at, status, published_at, created_at, updated_at)
  SELECT $1, x.id, x.slug, x.title, x.description, x.brand, x.product_type, x.external_id, x.seo_title, x.seo_description,
    x.publish_at, x.unpublish_at, x.status, x.published_at, $3, $3
  FROM jsonb_to_recordset($2 -> 'products') AS x (id uuid, slug text, title text, description text, brand text,
    product_type text, external_id text, seo_title text, seo_description text, publish_at timestamptz, unpublish_at timestamptz,
    status text, published_at timestamptz)),
retaken AS (
  DELETE FROM product_slugs s USING jsonb_to_recordset($2 -> 'products') AS x (slug text) WHERE s.tenant_id = $1 AND s.slug = x.slug),
option AS (
  INSERT INTO product_options (tenant_id, id, product_id, name, position)
  SELECT $1, x.id, x.product_id, x.name, x.position
  FROM jsonb_to_recordset($2 -> 'options') AS x (id uuid, product_id uuid, name text, position integer)),
value AS (
  INSERT INTO option_values (tenant_id, id, option_id, value, position)
  SELECT $1, x.id, x.option_id, x.value, x.position
  FROM jsonb_to_recordset($2 -> 'values') AS x (id uuid, option_id uuid, value text, position integer)),
variant AS (
  INSERT INTO variants (tenant_id, id, product_id, sku, barcode, title, position, weight_grams, requires_shipping,
    is_stock_tracked, tax_class, created_at, updated_at)
  SELECT $1, x.id, x.product_id, x.sku, x.barcode, x.title, x.position, x.weight_grams, x.requires_shipping,
    x.is_stock_tracked, x.tax_class, $3, $3
  FROM jsonb_to_recordset($2 -> 'variants') AS x (id uuid, product_id uuid, sku text, barcode text, title text,
    position integer, weight_grams integer, requires_shipping boolean, is_stock_tracked boolean, tax_class text)),
choice AS (
  INSERT INTO variant_option_values (tenant_id, variant_id, option_id, option_value_id)
  SELECT $1, x.variant_id, x.option_id, x.option_value_id
  FROM jsonb_to_recordset($2 -> 'choices') AS x (variant_id uuid, option_id uuid, option_value_id uuid)),
price AS (
  INSERT INTO prices (tenant_id, id, variant_id, currency, amount, compare_at_amount, created_at, updated_at)
  SELECT $1, x.id, x.variant_id, x.currency, x.amount, x.compare_at_amount, $3, $3
  FROM jsonb_to_recordset($2 -> 'prices') AS x (id uuid, variant_id uuid, currency text, amount bigint, compare_at_amount bigint)
  ON CONFLICT (tenant_id, variant_id, currency)
    DO UPDATE SET amount = excluded.amount, compare_at_amount = excluded.compare_at_amount, updated_at = excluded.updated_at),
image AS (
  INSERT INTO product_images (tenant_id, id, product_id, variant_id, url, source_url, media_id, picture, failure, fetch_after, alt,
    position)
  SELECT $1, x.id, x.product_id, x.variant_id, x.url, x.source_url, x.media_id, nullif(x.picture, 'null'), x.failure,
    CASE WHEN x.source_url IS NOT NULL AND x.media_id IS NULL THEN $3 END, x.alt, x.position
  FROM jsonb_to_recordset($2 -> 'images') AS x (id uuid, product_id uuid, variant_id uuid, url text, source_url text, media_id uuid,
    picture jsonb, failure text, alt text, position integer)),
category AS (
  INSERT INTO product_categories (tenant_id, product_id, category_id)
  SELECT $1, x.product_id, x.category_id
  FROM jsonb_to_recordset($2 -> 'categories') AS x (product_id uuid, category_id uuid) ON CONFLICT DO NOTHING)
INSERT INTO product_tags (tenant_id, product_id, tag_id)
SELECT $1, x.product_id, x.tag_id
FROM jsonb_to_recordset($2 -> 'tags') AS x (product_id uuid, tag_id uuid) ON CONFLICT DO NOTHING";
