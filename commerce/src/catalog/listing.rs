//! What a shopper's list reads: one row for each published product and currency it is sold in, kept in the transaction
//! of each change. A page is a walk along one index, so its cost does not grow with the catalogue; only availability is
//! asked of the stock levels, since that moves with every sale.
//!
//! A list narrowed to a category or a tag walks a *shelf*: the sort keys of the products that stand in the category or below
//! it, or bear the tag. The shelf's id is the category's or the tag's.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use sea_orm::{DbErr, FromQueryResult, Value};
use serde::Deserialize;
use tenancy::TenantTx;
use uuid::Uuid;

use super::{AttributeFilters, Error};
use crate::{
    ids::{CategoryId, ProductId},
    inventory::{self, Availability},
    media::Picture,
    money::{Currency, Money},
    page::{Cursor, CursorError, DEFAULT_LIMIT, MAX_LIMIT, Page, PageQuery},
    sql,
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    #[default]
    Newest,
    Title,
    PriceUp,
    PriceDown,
}

/// A category by what a URL may hold.
#[derive(Clone, Debug)]
pub enum CategoryRef {
    Id(CategoryId),
    Slug(String),
}

#[derive(Clone, Debug)]
pub struct Filter {
    /// Only products with a price in it.
    pub currency: Currency,
    /// In this category or below it.
    pub category: Option<CategoryRef>,
    /// Bearing the tag with this slug.
    pub tag: Option<String>,
    pub attributes: AttributeFilters,
    pub sort: Sort,
}

/// A product as a list shows it.
#[derive(Clone, Debug)]
pub struct Card {
    pub id: ProductId,
    pub slug: String,
    pub title: String,
    pub brand: Option<String>,
    pub price_from: Money,
    pub price_to: Money,
    pub compare_at: Option<Money>,
    pub image: Option<CardImage>,
    pub options: Vec<CardOption>,
    pub availability: Availability,
    /// Units left, said only when they are few.
    pub low_count: Option<i64>,
    pub published_at: DateTime<Utc>,
}

#[derive(Clone, Debug)]
pub struct CardImage {
    /// A path of ours, or an address outside.
    pub url: String,
    pub alt: String,
    /// None while the address is all there is.
    pub picture: Option<Picture>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct CardOption {
    pub name: String,
    pub values: Vec<String>,
}

#[derive(FromQueryResult)]
struct Row {
    product_id: ProductId,
    slug: String,
    title: String,
    title_key: String,
    brand: Option<String>,
    published_at: DateTime<Utc>,
    price_from: i64,
    price_to: i64,
    compare_at: Option<i64>,
    image_url: Option<String>,
    image_alt: Option<String>,
    picture: Option<String>,
    options: String,
    rank: Option<i32>,
    available: Option<i64>,
}

impl Sort {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Title => "title",
            Self::PriceUp => "price",
            Self::PriceDown => "-price",
        }
    }

    /// The sorted column, its type, the direction, and the comparison that continues after a row.
    const fn walk(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Newest => ("published_at", "timestamptz", "DESC", "<"),
            Self::Title => ("title_key", "text", "ASC", ">"),
            Self::PriceUp => ("price_from", "bigint", "ASC", ">"),
            Self::PriceDown => ("price_from", "bigint", "DESC", "<"),
        }
    }

    fn key(self, row: &Row) -> String {
        match self {
            Self::Newest => row.published_at.to_rfc3339_opts(SecondsFormat::Micros, true),
            Self::Title => row.title_key.clone(),
            Self::PriceUp | Self::PriceDown => row.price_from.to_string(),
        }
    }

    fn key_value(self, key: &str) -> Result<Value, CursorError> {
        match self {
            Self::Newest => Ok(key.parse::<DateTime<Utc>>().map_err(|_| CursorError)?.into()),
            Self::Title => Ok(key.into()),
            Self::PriceUp | Self::PriceDown => Ok(key.parse::<i64>().map_err(|_| CursorError)?.into()),
        }
    }
}

/// A page of what shoppers may see, in one statement.
///
/// # Errors
/// `Cursor` when the page was not continued from this list.
pub async fn list(tx: &TenantTx, filter: &Filter, page: &PageQuery) -> Result<Page<Card>, Error> {
    let tenant = tx.tenant();
    let (column, kind, direction, after) = filter.sort.walk();
    let mut values: Vec<Value> = vec![tenant.into(), filter.currency.code().into()];
    let mut conditions = String::new();
    let mut shelves = shelves(filter, &mut values);
    // The first group asked for is walked; a second one is looked up.
    let walked = if shelves.is_empty() { "l" } else { "h" };
    let from = if shelves.is_empty() {
        "product_listings l WHERE l.tenant_id = $1 AND l.currency = $2".to_owned()
    } else {
        format!(
            "product_shelves h JOIN product_listings l ON l.tenant_id = $1 AND l.product_id = h.product_id AND l.currency = $2
             WHERE h.tenant_id = $1 AND h.currency = $2 AND h.shelf_id = {}",
            shelves.remove(0)
        )
    };
    for shelf in shelves {
        let _infallible = write!(
            conditions,
            " AND EXISTS (SELECT FROM product_shelves o
                WHERE o.tenant_id = $1 AND o.currency = $2 AND o.product_id = l.product_id AND o.shelf_id = {shelf})"
        );
    }
    conditions.push_str(&filter.attributes.conditions("l.product_id", &mut values));
    if let Some(cursor) = &page.after {
        let cursor = cursor.for_list(Some(tenant), filter.sort.as_str())?;
        values.extend([filter.sort.key_value(&cursor.key)?, cursor.id.into()]);
        let (key, id) = (values.len() - 1, values.len());
        let _infallible = write!(conditions, " AND ({walked}.{column}, {walked}.product_id) {after} (${key}::{kind}, ${id}::uuid)");
    }
    let text = format!(
        "SELECT page.*, stock.rank, stock.available FROM (
           SELECT l.product_id, l.slug, l.title, l.title_key, l.brand, l.published_at, l.price_from, l.price_to, l.compare_at,
             l.image_url, l.image_alt, l.picture::text AS picture, l.options::text AS options, l.variant_ids, l.has_untracked
           FROM {from}{conditions}
           ORDER BY {walked}.{column} {direction}, {walked}.product_id {direction} LIMIT {read}) page
         CROSS JOIN LATERAL (
           SELECT CASE WHEN page.has_untracked THEN 3 ELSE max({rank}) END AS rank, sum(greatest({available}, 0)) AS available
           FROM stock_levels s WHERE s.tenant_id = $1 AND s.variant_id = ANY (page.variant_ids)) stock
         ORDER BY page.{column} {direction}, page.product_id {direction}",
        read = rows_to_read(page.limit),
        rank = inventory::LEVEL_RANK,
        available = inventory::AVAILABLE
    );
    let rows: Vec<Row> = sql::all(tx, &text, values).await?;
    let page =
        Page::of(rows, page.limit, |row| Cursor::new(Some(tenant), filter.sort.as_str(), filter.sort.key(row), row.product_id.uuid()));
    Ok(page.map(|row| row.card(filter.currency)))
}

/// The cards of those of these products that shoppers may see, in this order, in one statement.
///
/// # Errors
/// Postgres is away.
pub async fn cards(tx: &TenantTx, products: &[ProductId], currency: Currency) -> Result<Vec<Card>, Error> {
    let ids: Vec<Uuid> = products.iter().map(|product| product.uuid()).collect();
    let text = format!(
        "SELECT l.product_id, l.slug, l.title, l.title_key, l.brand, l.published_at, l.price_from, l.price_to, l.compare_at,
           l.image_url, l.image_alt, l.options::text AS options, stock.rank, stock.available
         FROM unnest($3::uuid[]) WITH ORDINALITY AS x (id, place)
         JOIN product_listings l ON l.tenant_id = $1 AND l.product_id = x.id AND l.currency = $2
         CROSS JOIN LATERAL (
           SELECT CASE WHEN l.has_untracked THEN 3 ELSE max({rank}) END AS rank, sum(greatest({available}, 0)) AS available
           FROM stock_levels s WHERE s.tenant_id = $1 AND s.variant_id = ANY (l.variant_ids)) stock
         ORDER BY x.place",
        rank = inventory::LEVEL_RANK,
        available = inventory::AVAILABLE
    );
    let rows: Vec<Row> = sql::all(tx, &text, [tx.tenant().into(), currency.code().into(), ids.into()]).await?;
    Ok(rows.into_iter().map(|row| row.card(currency)).collect())
}

/// The shelves that hold what is asked for, each as SQL that finds its id.
fn shelves(filter: &Filter, values: &mut Vec<Value>) -> Vec<String> {
    let mut shelves = Vec::new();
    let mut find = |text: &str, key: Value| {
        values.push(key);
        shelves.push(text.replace('?', &format!("${}", values.len())));
    };
    match &filter.category {
        Some(CategoryRef::Id(id)) => find("?", (*id).into()),
        Some(CategoryRef::Slug(slug)) => {
            find("(SELECT c.id FROM categories c WHERE c.tenant_id = $1 AND c.slug = ?)", slug.as_str().into());
        }
        None => {}
    }
    if let Some(tag) = &filter.tag {
        find("(SELECT t.id FROM tags t WHERE t.tenant_id = $1 AND t.slug = ?)", tag.as_str().into());
    }
    shelves
}

/// One of two numbers, written into the text: with a parameter Postgres would guess a tenth of the catalogue and plan anew
/// each time, and with every number there is, connections would prepare a hundred texts.
const fn rows_to_read(limit: u64) -> u64 {
    if limit <= DEFAULT_LIMIT { DEFAULT_LIMIT + 1 } else { MAX_LIMIT + 1 }
}

impl Row {
    fn card(self, currency: Currency) -> Card {
        let availability = Availability::of_rank(self.rank);
        let picture = self.picture.and_then(|json| serde_json::from_str(&json).ok());
        let alt = self.image_alt.unwrap_or_default();
        Card {
            id: self.product_id,
            slug: self.slug,
            title: self.title,
            brand: self.brand,
            price_from: Money::new(self.price_from, currency),
            price_to: Money::new(self.price_to, currency),
            compare_at: self.compare_at.map(|minor| Money::new(minor, currency)),
            image: self.image_url.map(|url| CardImage { url, alt, picture }),
            options: serde_json::from_str(&self.options).unwrap_or_default(),
            availability,
            low_count: self.available.filter(|_| availability == Availability::Low),
            published_at: self.published_at,
        }
    }
}

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
    sql::all(tx, REFRESH, [tx.tenant().into(), ids.into()]).await
}

const REFRESH: &str = "
WITH RECURSIVE above AS (
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
          WHERE w.tenant_id = $1 AND w.option_id = o.id), '[]')) ORDER BY o.position, o.id)
      FROM product_options o WHERE o.tenant_id = $1 AND o.product_id = p.id), '[]') AS options
  FROM products p
  LEFT JOIN LATERAL (SELECT i.url, i.alt, i.picture FROM product_images i
    WHERE i.tenant_id = $1 AND i.product_id = p.id AND i.url IS NOT NULL ORDER BY i.position, i.id LIMIT 1) image ON true
  WHERE p.tenant_id = $1 AND p.id = ANY ($2) AND p.status = 'published'),
shelved AS MATERIALIZED (
  SELECT s.product_id, s.currency, g.shelf_id, f.published_at, f.title_key, s.price_from
  FROM sold s JOIN faces f ON f.id = s.product_id JOIN (
    SELECT a.product_id, a.id AS shelf_id FROM above a
    UNION SELECT t.product_id, t.tag_id FROM product_tags t WHERE t.tenant_id = $1 AND t.product_id = ANY ($2)) g
  ON g.product_id = s.product_id),
taken_off AS (
  DELETE FROM product_shelves h WHERE h.tenant_id = $1 AND h.product_id = ANY ($2) AND NOT EXISTS (
    SELECT FROM shelved s WHERE s.product_id = h.product_id AND s.currency = h.currency AND s.shelf_id = h.shelf_id)),
put_on AS (
  INSERT INTO product_shelves AS h (tenant_id, shelf_id, currency, product_id, published_at, title_key, price_from)
  SELECT $1, s.shelf_id, s.currency, s.product_id, s.published_at, s.title_key, s.price_from FROM shelved s
  ON CONFLICT (tenant_id, shelf_id, currency, product_id) DO UPDATE SET published_at = excluded.published_at,
    title_key = excluded.title_key, price_from = excluded.price_from
  WHERE (h.published_at, h.title_key, h.price_from)
    IS DISTINCT FROM (excluded.published_at, excluded.title_key, excluded.price_from)),
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
FROM faces f";
