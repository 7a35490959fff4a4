//! The rows that a shopper's list reads, brought up to date in the transaction of each change: of lists, and of shelves.

use std::sync::LazyLock;

use sea_orm::{DbErr, FromQueryResult};
use tenancy::TenantTx;
use uuid::Uuid;

use super::collections;
use crate::{ids::ProductId, sql};

/// Which of the products refreshed are published, and whether they are sold in the store's main currency.
#[derive(FromQueryResult)]
pub(super) struct Refreshed {
    pub product_id: ProductId,
    pub is_sold_in_main: bool,
    /// An attribute that its type requires and it has not.
    pub lacking: Option<String>,
}

/// Brings the rows of these products up to date: the last statement of every change to a product.
pub(super) async fn refresh(tx: &TenantTx, products: &[ProductId]) -> Result<Vec<Refreshed>, DbErr> {
    if products.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = products.iter().map(|product| product.uuid()).collect();
    sql::all(tx, &REFRESH, [tx.tenant().into(), ids.into()]).await
}

static REFRESH: LazyLock<String> = LazyLock::new(|| {
    format!(
        "WITH RECURSIVE above AS (
  SELECT pc.product_id, c.id, c.parent_id FROM product_categories pc
  JOIN categories c ON c.tenant_id = $1 AND c.id = pc.category_id
  WHERE pc.tenant_id = $1 AND pc.product_id = ANY ($2)
  UNION
  SELECT a.product_id, c.id, c.parent_id FROM above a JOIN categories c ON c.tenant_id = $1 AND c.id = a.parent_id),
sold AS MATERIALIZED (
  SELECT p.id AS product_id, c.currency, min(c.amount) AS price_from, max(c.amount) AS price_to,
    (array_agg(c.compare_at_amount ORDER BY c.amount, v.position, v.id))[1] AS compare_at,
    array_agg(v.id ORDER BY v.position, v.id) AS variant_ids, bool_or(NOT v.is_stock_tracked) AS has_untracked
  FROM products p
  JOIN variants v ON v.tenant_id = $1 AND v.product_id = p.id
  JOIN prices c ON c.tenant_id = $1 AND c.variant_id = v.id
  WHERE p.tenant_id = $1 AND p.id = ANY ($2) AND p.status = 'published'
  GROUP BY p.id, c.currency),
faces AS MATERIALIZED (
  SELECT p.id, p.slug, p.title, regexp_replace(lower(normalize(p.title, NFKD)), '[\u{300}-\u{36f}]', '', 'g') AS title_key, p.brand,
    p.published_at, image.url, image.alt, image.picture,
    coalesce((SELECT jsonb_agg(jsonb_build_object('name', o.name, 'values',
        coalesce((SELECT jsonb_agg(w.value ORDER BY w.position, w.id) FROM option_values w
          WHERE w.tenant_id = $1 AND w.option_id = o.id
            AND EXISTS (SELECT FROM variant_option_values x WHERE x.tenant_id = $1 AND x.option_value_id = w.id)), '[]'))
        ORDER BY o.position, o.id)
      FROM product_options o WHERE o.tenant_id = $1 AND o.product_id = p.id), '[]') AS options
  FROM products p
  LEFT JOIN LATERAL (SELECT i.url, i.alt, i.picture FROM product_images i
    WHERE i.tenant_id = $1 AND i.product_id = p.id AND i.url IS NOT NULL ORDER BY i.position, i.id LIMIT 1) image ON true
  WHERE p.tenant_id = $1 AND p.id = ANY ($2) AND p.status = 'published'),
fitting AS MATERIALIZED ({fitting}),
shelved AS MATERIALIZED (
  SELECT s.product_id, s.currency, g.shelf_id, g.place, f.published_at, f.title_key, s.price_from
  FROM sold s JOIN faces f ON f.id = s.product_id JOIN (
    SELECT a.product_id, a.id AS shelf_id, NULL::integer AS place FROM above a
    UNION SELECT t.product_id, t.tag_id, NULL FROM product_tags t WHERE t.tenant_id = $1 AND t.product_id = ANY ($2)
    UNION SELECT r.product_id, r.collection_id, NULL FROM fitting r
    UNION SELECT m.product_id, m.collection_id, m.position FROM collection_products m
      WHERE m.tenant_id = $1 AND m.product_id = ANY ($2)) g
  ON g.product_id = s.product_id),
taken_off AS (
  DELETE FROM product_shelves h WHERE h.tenant_id = $1 AND h.product_id = ANY ($2) AND NOT EXISTS (
    SELECT FROM shelved s WHERE s.product_id = h.product_id AND s.currency = h.currency AND s.shelf_id = h.shelf_id)),
put_on AS (
  INSERT INTO product_shelves AS h (tenant_id, shelf_id, currency, product_id, published_at, title_key, price_from, place)
  SELECT $1, s.shelf_id, s.currency, s.product_id, s.published_at, s.title_key, s.price_from, s.place FROM shelved s
  ON CONFLICT (tenant_id, shelf_id, currency, product_id) DO UPDATE SET published_at = excluded.published_at,
    title_key = excluded.title_key, price_from = excluded.price_from, place = excluded.place
  WHERE (h.published_at, h.title_key, h.price_from, h.place)
    IS DISTINCT FROM (excluded.published_at, excluded.title_key, excluded.price_from, excluded.place)),
gone AS (
  DELETE FROM product_listings l WHERE l.tenant_id = $1 AND l.product_id = ANY ($2)
    AND NOT EXISTS (SELECT FROM sold s WHERE s.product_id = l.product_id AND s.currency = l.currency)),
kept AS (
  INSERT INTO product_listings AS l (tenant_id, product_id, currency, slug, title, title_key, brand, published_at, price_from,
    price_to, compare_at, image_url, image_alt, picture, options, variant_ids, has_untracked)
  SELECT $1, s.product_id, s.currency, f.slug, f.title, f.title_key, f.brand, f.published_at, s.price_from, s.price_to,
    CASE WHEN s.compare_at > s.price_from THEN s.compare_at END, f.url, f.alt, f.picture, f.options, s.variant_ids, s.has_untracked
  FROM sold s JOIN faces f ON f.id = s.product_id
  ON CONFLICT (tenant_id, product_id, currency) DO UPDATE SET slug = excluded.slug, title = excluded.title,
    title_key = excluded.title_key, brand = excluded.brand, published_at = excluded.published_at,
    price_from = excluded.price_from, price_to = excluded.price_to, compare_at = excluded.compare_at,
    image_url = excluded.image_url, image_alt = excluded.image_alt, picture = excluded.picture, options = excluded.options,
    variant_ids = excluded.variant_ids, has_untracked = excluded.has_untracked
  WHERE (l.slug, l.title, l.brand, l.published_at, l.price_from, l.price_to, l.compare_at, l.image_url, l.image_alt, l.picture,
      l.options, l.variant_ids, l.has_untracked)
    IS DISTINCT FROM (excluded.slug, excluded.title, excluded.brand, excluded.published_at, excluded.price_from,
      excluded.price_to, excluded.compare_at, excluded.image_url, excluded.image_alt, excluded.picture, excluded.options,
      excluded.variant_ids, excluded.has_untracked))
SELECT f.id AS product_id, EXISTS (SELECT FROM sold s JOIN store_settings t ON t.tenant_id = $1 AND t.currency = s.currency
  WHERE s.product_id = f.id) AS is_sold_in_main,
  (SELECT a.code FROM products p
   JOIN product_types t ON t.tenant_id = $1 AND t.name = p.product_type
   JOIN product_type_attributes ta ON ta.tenant_id = $1 AND ta.product_type_id = t.id AND ta.is_required
   JOIN attributes a ON a.tenant_id = $1 AND a.id = ta.attribute_id
   WHERE p.tenant_id = $1 AND p.id = f.id AND CASE ta.level
     WHEN 'product' THEN NOT EXISTS (SELECT FROM attribute_values v
       WHERE v.tenant_id = $1 AND v.product_id = p.id AND v.attribute_id = a.id AND v.variant_id IS NULL)
     ELSE EXISTS (SELECT FROM variants w WHERE w.tenant_id = $1 AND w.product_id = p.id AND NOT EXISTS (SELECT FROM attribute_values v
       WHERE v.tenant_id = $1 AND v.product_id = p.id AND v.attribute_id = a.id AND v.variant_id = w.id)) END
   ORDER BY ta.position, a.id LIMIT 1) AS lacking
FROM faces f",
        fitting = collections::rule::FITTING
    )
});
