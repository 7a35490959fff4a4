//! What a shopper's list reads: one row for each published product and currency it is sold in, kept in the transaction
//! of each change. A page is a walk along one index, so its cost does not grow with the catalogue; only availability is
//! asked of the stock levels, since that moves with every sale.
//!
//! A list narrowed to a category, a tag or a collection walks a *shelf*: the sort keys of the products that stand in the
//! category or below it, bear the tag, or belong to the collection. The shelf's id is the category's, the tag's or the
//! collection's.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use sea_orm::{FromQueryResult, Value};
use serde::Deserialize;
use tenancy::TenantTx;
use uuid::Uuid;

pub(super) use super::listing_rows::refresh;
use super::{AttributeFilters, Error};
use crate::{
    ids::{CategoryId, CollectionId, ProductId},
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
    /// As a collection's people have put them: only of one that is chosen by hand.
    Manual,
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
    pub collection: Option<CollectionId>,
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
    place: Option<i32>,
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
            Self::Manual => "manual",
        }
    }

    /// What [`Sort::as_str`] wrote.
    pub(super) fn of_word(word: &str) -> Self {
        [Self::Title, Self::PriceUp, Self::PriceDown, Self::Manual].into_iter().find(|sort| sort.as_str() == word).unwrap_or_default()
    }

    /// The sorted column, its type, the direction, and the comparison that continues after a row.
    const fn walk(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Newest => ("published_at", "timestamptz", "DESC", "<"),
            Self::Title => ("title_key", "text", "ASC", ">"),
            Self::PriceUp => ("price_from", "bigint", "ASC", ">"),
            Self::PriceDown => ("price_from", "bigint", "DESC", "<"),
            Self::Manual => ("place", "integer", "ASC", ">"),
        }
    }

    fn key(self, row: &Row) -> String {
        match self {
            Self::Newest => row.published_at.to_rfc3339_opts(SecondsFormat::Micros, true),
            Self::Title => row.title_key.clone(),
            Self::PriceUp | Self::PriceDown => row.price_from.to_string(),
            Self::Manual => row.place.unwrap_or_default().to_string(),
        }
    }

    fn key_value(self, key: &str) -> Result<Value, CursorError> {
        match self {
            Self::Newest => Ok(key.parse::<DateTime<Utc>>().map_err(|_| CursorError)?.into()),
            Self::Title => Ok(key.into()),
            Self::PriceUp | Self::PriceDown => Ok(key.parse::<i64>().map_err(|_| CursorError)?.into()),
            Self::Manual => Ok(key.parse::<i32>().map_err(|_| CursorError)?.into()),
        }
    }
}

/// A page of what shoppers may see, in one statement. Without a collection there is no order by hand: the newest come first.
///
/// # Errors
/// `Cursor` when the page was not continued from this list.
pub async fn list(tx: &TenantTx, filter: &Filter, page: &PageQuery) -> Result<Page<Card>, Error> {
    let tenant = tx.tenant();
    let sort = if filter.collection.is_none() && filter.sort == Sort::Manual { Sort::Newest } else { filter.sort };
    let (column, kind, direction, after) = sort.walk();
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
        let cursor = cursor.for_list(Some(tenant), sort.as_str())?;
        values.extend([sort.key_value(&cursor.key)?, cursor.id.into()]);
        let (key, id) = (values.len() - 1, values.len());
        let _infallible = write!(conditions, " AND ({walked}.{column}, {walked}.product_id) {after} (${key}::{kind}, ${id}::uuid)");
    }
    let place = if sort == Sort::Manual {
        // Said, so that Postgres sees that the index of places holds all of them.
        conditions.push_str(" AND h.place IS NOT NULL");
        "h.place"
    } else {
        "NULL::integer AS place"
    };
    let text = format!(
        "SELECT page.*, stock.rank, stock.available FROM (
           SELECT {place}, l.product_id, l.slug, l.title, l.title_key, l.brand, l.published_at, l.price_from, l.price_to, l.compare_at,
             l.image_url, l.image_alt, l.picture::text AS picture, l.options::text AS options, l.variant_ids, l.has_untracked
           FROM {from}{conditions}
           ORDER BY {walked}.{column} {direction}, {walked}.product_id {direction} LIMIT {read}) page
         {stock} ORDER BY page.{column} {direction}, page.product_id {direction}",
        read = rows_to_read(page.limit),
        stock = stock_of("page")
    );
    let rows: Vec<Row> = sql::all(tx, &text, values).await?;
    let page = Page::of(rows, page.limit, |row| Cursor::new(Some(tenant), sort.as_str(), sort.key(row), row.product_id.uuid()));
    Ok(page.map(|row| row.card(filter.currency)))
}

/// The cards of those of these products that shoppers may see, in this order, in one statement.
///
/// # Errors
/// Postgres is away.
pub async fn cards(tx: &TenantTx, products: &[ProductId], currency: Currency) -> Result<Vec<Card>, Error> {
    let ids: Vec<Uuid> = products.iter().map(|product| product.uuid()).collect();
    let text = format!(
        "SELECT NULL::integer AS place, l.product_id, l.slug, l.title, l.title_key, l.brand, l.published_at, l.price_from, l.price_to,
           l.compare_at, l.image_url, l.image_alt, l.options::text AS options, stock.rank, stock.available
         FROM unnest($3::uuid[]) WITH ORDINALITY AS x (id, place)
         JOIN product_listings l ON l.tenant_id = $1 AND l.product_id = x.id AND l.currency = $2
         {stock} ORDER BY x.place",
        stock = stock_of("l")
    );
    let rows: Vec<Row> = sql::all(tx, &text, [tx.tenant().into(), currency.code().into(), ids.into()]).await?;
    Ok(rows.into_iter().map(|row| row.card(currency)).collect())
}

/// SQL that joins availability (`stock.rank`, and `stock.available` unless there is plenty) to the listing `of`. The first variant
/// that there is plenty of decides; only of products that have none are all variants counted, of which there may be thousands.
fn stock_of(of: &str) -> String {
    format!(
        "CROSS JOIN LATERAL (
           SELECT {of}.has_untracked OR EXISTS (SELECT FROM stock_levels s
             WHERE s.tenant_id = $1 AND s.variant_id = ANY ({of}.variant_ids) AND {rank} = 3) AS is_plenty OFFSET 0) best
         CROSS JOIN LATERAL (
           SELECT CASE WHEN best.is_plenty THEN 3 ELSE max({rank}) END AS rank, sum(greatest({available}, 0)) AS available
           FROM stock_levels s WHERE NOT best.is_plenty AND s.tenant_id = $1 AND s.variant_id = ANY ({of}.variant_ids)) stock",
        rank = inventory::LEVEL_RANK,
        available = inventory::AVAILABLE
    )
}

/// The shelves that hold what is asked for, each as SQL that finds its id.
fn shelves(filter: &Filter, values: &mut Vec<Value>) -> Vec<String> {
    let mut shelves = Vec::new();
    let mut find = |text: &str, key: Value| {
        values.push(key);
        shelves.push(text.replace('?', &format!("${}", values.len())));
    };
    if let Some(collection) = filter.collection {
        find("?", collection.into());
    }
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
