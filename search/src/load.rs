//! Reads the documents of products: two statements, however many products.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use commerce::ids::{CategoryId, ProductId};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement, Value};
use serde::de::DeserializeOwned;
use tenancy::TenantTx;
use uuid::Uuid;

use crate::{
    Error, ProductDocument,
    document::{Category, plain_text},
};

const MAX_DESCRIPTION: usize = 2_000;
/// Of each list that a product has, so that no document grows without bound.
const MAX_LISTED: i64 = 100;

/// The documents of those of `products` that are published, in the order of their ids.
///
/// # Errors
/// Postgres is away.
pub async fn load(tx: &TenantTx, products: &[ProductId]) -> Result<Vec<ProductDocument>, Error> {
    let ids: Vec<Uuid> = products.iter().map(|product| product.uuid()).collect();
    let rows = all::<ProductRow>(tx, PRODUCTS, [tx.tenant().into(), ids.clone().into(), MAX_LISTED.into()]).await?;
    let mut categories: HashMap<Uuid, Vec<Category>> = HashMap::new();
    for row in all::<CategoryRow>(tx, CATEGORIES, [tx.tenant().into(), ids.into()]).await? {
        let category = Category { id: CategoryId::from_uuid(row.id), slug: row.slug, name: row.name };
        categories.entry(row.product_id).or_default().push(category);
    }
    rows.into_iter().map(|row| row.document(&mut categories)).collect()
}

/// A page of the ids of all published products, in order.
///
/// # Errors
/// Postgres is away.
pub(crate) async fn published(tx: &TenantTx, after: Option<ProductId>, limit: u64) -> Result<Vec<ProductId>, DbErr> {
    let after = after.map_or(Uuid::nil(), ProductId::uuid);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = all::<IdRow>(tx, PUBLISHED, [tx.tenant().into(), after.into(), limit.into()]).await?;
    Ok(rows.into_iter().map(|row| ProductId::from_uuid(row.id)).collect())
}

async fn all<T: FromQueryResult>(tx: &TenantTx, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<Vec<T>, DbErr> {
    let rows = tx.query_all_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
    rows.iter().map(|row| T::from_query_result(row, "")).collect()
}

const PUBLISHED: &str = "SELECT id FROM products WHERE tenant_id = $1 AND id > $2 AND status = 'published' ORDER BY id LIMIT $3";

/// A variant can be bought when its stock is not counted, or when a location has some left or sells without.
const PRODUCTS: &str = "
SELECT p.id, p.slug, p.title, p.brand, p.product_type, p.description, coalesce(p.published_at, p.created_at) AS published_at,
  (SELECT json_agg(t ORDER BY t.slug)::text FROM (
     SELECT tags.slug, tags.name FROM product_tags pt JOIN tags ON tags.tenant_id = $1 AND tags.id = pt.tag_id
     WHERE pt.tenant_id = $1 AND pt.product_id = p.id LIMIT $3) t) AS tags,
  (SELECT json_agg(json_build_object('name', o.name, 'values', o.values) ORDER BY o.position)::text FROM (
     SELECT po.name, po.position, (SELECT json_agg(v.value ORDER BY v.position) FROM option_values v
        WHERE v.tenant_id = $1 AND v.option_id = po.id
          AND EXISTS (SELECT 1 FROM variant_option_values w WHERE w.tenant_id = $1 AND w.option_value_id = v.id)) AS values
     FROM product_options po WHERE po.tenant_id = $1 AND po.product_id = p.id) o WHERE o.values IS NOT NULL) AS options,
  (SELECT json_agg(json_build_object('code', g.code, 'values', g.values) ORDER BY g.code)::text FROM (
     SELECT x.code, to_json(array_agg(DISTINCT x.value ORDER BY x.value)) AS values FROM (
       SELECT a.code, CASE a.kind WHEN 'number' THEN trim_scale(v.measure / 1000000.0)::text
           WHEN 'date' THEN (date '1970-01-01' + v.measure::integer)::text
           WHEN 'boolean' THEN (v.measure = 1)::text ELSE c.label END AS value
       FROM product_types t
       JOIN product_type_attributes ta ON ta.tenant_id = $1 AND ta.product_type_id = t.id
       JOIN attributes a ON a.tenant_id = $1 AND a.id = ta.attribute_id AND a.is_filterable
       JOIN attribute_values v ON v.tenant_id = $1 AND v.product_id = p.id AND v.attribute_id = a.id
         AND (v.variant_id IS NULL) = (ta.level = 'product')
       LEFT JOIN attribute_choices c ON c.tenant_id = $1 AND c.id = v.choice_id
       WHERE t.tenant_id = $1 AND t.name = p.product_type) x
     GROUP BY x.code ORDER BY x.code LIMIT $3) g) AS attributes,
  (SELECT json_build_object('url', i.url, 'alt', i.alt)::text FROM product_images i
     WHERE i.tenant_id = $1 AND i.product_id = p.id AND i.url IS NOT NULL ORDER BY i.position, i.id LIMIT 1) AS image,
  (SELECT json_object_agg(lowest.currency, lowest.amount)::text FROM (
     SELECT prices.currency, min(prices.amount) AS amount FROM variants v
     JOIN prices ON prices.tenant_id = $1 AND prices.variant_id = v.id
     WHERE v.tenant_id = $1 AND v.product_id = p.id GROUP BY prices.currency) lowest) AS prices,
  (SELECT json_agg(s.sku ORDER BY s.position)::text FROM (
     SELECT v.sku, v.position FROM variants v WHERE v.tenant_id = $1 AND v.product_id = p.id AND v.sku IS NOT NULL
     ORDER BY v.position, v.id LIMIT $3) s) AS skus,
  EXISTS (SELECT 1 FROM variants v WHERE v.tenant_id = $1 AND v.product_id = p.id AND (NOT v.is_stock_tracked OR EXISTS (
     SELECT 1 FROM stock_levels l WHERE l.tenant_id = $1 AND l.variant_id = v.id
       AND (l.backorder = 'allow' OR l.on_hand - l.reserved - l.safety_stock > 0)))) AS in_stock
FROM products p WHERE p.tenant_id = $1 AND p.id = ANY ($2) AND p.status = 'published' ORDER BY p.id";

const CATEGORIES: &str = "
WITH RECURSIVE above AS (
  SELECT pc.product_id, c.id, c.parent_id, c.slug, c.name FROM product_categories pc
  JOIN categories c ON c.tenant_id = $1 AND c.id = pc.category_id
  WHERE pc.tenant_id = $1 AND pc.product_id = ANY ($2)
  UNION
  SELECT above.product_id, c.id, c.parent_id, c.slug, c.name FROM above
  JOIN categories c ON c.tenant_id = $1 AND c.id = above.parent_id)
SELECT product_id, id, slug, name FROM above ORDER BY product_id, slug";

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

#[derive(FromQueryResult)]
struct CategoryRow {
    product_id: Uuid,
    id: Uuid,
    slug: String,
    name: String,
}

#[derive(FromQueryResult)]
struct ProductRow {
    id: Uuid,
    slug: String,
    title: String,
    brand: Option<String>,
    product_type: Option<String>,
    description: String,
    published_at: DateTime<Utc>,
    tags: Option<String>,
    options: Option<String>,
    attributes: Option<String>,
    image: Option<String>,
    prices: Option<String>,
    skus: Option<String>,
    in_stock: bool,
}

impl ProductRow {
    fn document(self, categories: &mut HashMap<Uuid, Vec<Category>>) -> Result<ProductDocument, Error> {
        Ok(ProductDocument {
            id: ProductId::from_uuid(self.id),
            categories: categories.remove(&self.id).unwrap_or_default(),
            tags: read(self.tags.as_deref())?,
            options: read(self.options.as_deref())?,
            attributes: read(self.attributes.as_deref())?,
            image: read(self.image.as_deref())?,
            prices: read::<BTreeMap<String, i64>>(self.prices.as_deref())?,
            skus: read(self.skus.as_deref())?,
            description: plain_text(&self.description, MAX_DESCRIPTION),
            slug: self.slug,
            title: self.title,
            brand: self.brand,
            product_type: self.product_type,
            published_at: self.published_at,
            in_stock: self.in_stock,
        })
    }
}

fn read<T: DeserializeOwned + Default>(json: Option<&str>) -> Result<T, Error> {
    json.map_or_else(|| Ok(T::default()), |json| serde_json::from_str(json).map_err(|error| Error::unreadable(&error)))
}
