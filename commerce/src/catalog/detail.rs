//! A product whole, with everything it owns, in one statement: what its page shows and what every change answers.

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, FromQueryResult, Value};
use serde::{Deserialize, Deserializer, de::Error as _};
use tenancy::{TenantTx, TypedId};
use uuid::Uuid;

use super::{
    Error, Status,
    attribute_values::{self, Attribute},
    combinations::Choices,
    old_slugs,
    schedule::PublishFailure,
};
use crate::{
    ids::{CategoryId, ImageId, MediaId, OptionId, OptionValueId, ProductId, TagId, VariantId},
    inventory::{self, Availability},
    media::Picture,
    money::{Currency, Money},
    sql,
    text::Slug,
};

#[derive(Clone, Debug, Deserialize)]
pub struct Product {
    #[serde(deserialize_with = "id")]
    pub id: ProductId,
    pub slug: String,
    pub title: String,
    /// HTML, made safe.
    pub description: String,
    pub brand: Option<String>,
    pub product_type: Option<String>,
    pub external_id: Option<String>,
    pub seo_title: Option<String>,
    pub seo_description: Option<String>,
    pub status: Status,
    pub published_at: Option<DateTime<Utc>>,
    pub publish_at: Option<DateTime<Utc>>,
    pub unpublish_at: Option<DateTime<Utc>>,
    /// Why it was not published when it should have been.
    pub publish_failed: Option<PublishFailure>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub options: Vec<ProductOption>,
    pub variants: Vec<Variant>,
    pub images: Vec<Image>,
    pub categories: Vec<CategoryName>,
    pub tags: Vec<TagName>,
    /// Those of the product itself, in the order of its type.
    pub attributes: Vec<Attribute>,
    #[serde(deserialize_with = "ids")]
    pub related: Vec<ProductId>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct ProductOption {
    #[serde(deserialize_with = "id")]
    pub id: OptionId,
    pub name: String,
    pub values: Vec<OptionValue>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct OptionValue {
    #[serde(deserialize_with = "id")]
    pub id: OptionValueId,
    pub value: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Variant {
    #[serde(deserialize_with = "id")]
    pub id: VariantId,
    pub sku: Option<String>,
    pub barcode: Option<String>,
    pub title: String,
    pub weight_grams: i32,
    pub requires_shipping: bool,
    pub is_stock_tracked: bool,
    pub tax_class: String,
    #[serde(deserialize_with = "ids")]
    pub value_ids: Vec<OptionValueId>,
    pub prices: Vec<Price>,
    pub attributes: Vec<Attribute>,
    rank: Option<i32>,
    /// Units over all locations that may still be promised.
    pub available: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "PriceRow")]
pub struct Price {
    pub amount: Money,
    pub compare_at: Option<Money>,
}

#[derive(Deserialize)]
struct PriceRow {
    currency: Currency,
    amount: i64,
    compare_at: Option<i64>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Image {
    #[serde(deserialize_with = "id")]
    pub id: ImageId,
    #[serde(deserialize_with = "maybe_id")]
    pub variant_id: Option<VariantId>,
    #[serde(deserialize_with = "maybe_id")]
    pub media_id: Option<MediaId>,
    /// What is shown now: a path of ours, or the address outside that the store named; none while there is neither.
    pub url: Option<String>,
    /// The address that the store named.
    pub source_url: Option<String>,
    /// None until there is one.
    pub picture: Option<Picture>,
    /// Why there will be none.
    pub failure: Option<String>,
    pub alt: String,
}

/// How far an image is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageStatus {
    /// Its file is to be fetched.
    Awaited,
    /// Its file is here; what is shown of it is being made.
    Processing,
    Ready,
    Failed,
}

impl Image {
    pub fn status(&self) -> ImageStatus {
        match (&self.picture, &self.failure, self.media_id) {
            (Some(_), ..) => ImageStatus::Ready,
            (None, Some(_), _) => ImageStatus::Failed,
            (None, None, Some(_)) => ImageStatus::Processing,
            (None, None, None) => ImageStatus::Awaited,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
pub struct CategoryName {
    #[serde(deserialize_with = "id")]
    pub id: CategoryId,
    pub slug: String,
    pub name: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct TagName {
    #[serde(deserialize_with = "id")]
    pub id: TagId,
    pub slug: String,
    pub name: String,
}

impl Variant {
    pub fn availability(&self) -> Availability {
        if self.is_stock_tracked { Availability::of_rank(self.rank) } else { Availability::InStock }
    }

    pub fn price_in(&self, currency: Currency) -> Option<Price> {
        self.prices.iter().copied().find(|price| price.amount.currency == currency)
    }
}

impl Product {
    /// The values a variant stands for, by option, in the order of the options.
    pub fn choices<'a>(&'a self, variant: &'a Variant) -> impl Iterator<Item = (&'a ProductOption, &'a OptionValue)> {
        self.options.iter().filter_map(|option| {
            let chosen = option.values.iter().find(|value| variant.value_ids.contains(&value.id))?;
            Some((option, chosen))
        })
    }

    /// [`Product::choices`] by the names of the options.
    pub(super) fn named_choices(&self, variant: &Variant) -> Choices {
        self.choices(variant).map(|(option, value)| (option.name.clone(), value.value.clone())).collect()
    }
}

impl From<PriceRow> for Price {
    fn from(row: PriceRow) -> Self {
        Self { amount: Money::new(row.amount, row.currency), compare_at: row.compare_at.map(|minor| Money::new(minor, row.currency)) }
    }
}

/// The product, whatever its status: for the store's own people.
///
/// # Errors
/// `ProductNotFound`.
pub async fn find(tx: &TenantTx, id: ProductId) -> Result<Product, Error> {
    let found = load(tx, "p.id = $2", [tx.tenant().into(), id.into()]).await?;
    found.into_iter().next().ok_or_else(|| Error::ProductNotFound(id.to_string()))
}

/// How a shopper names a product.
#[derive(Clone, Debug)]
pub enum Name {
    Id(ProductId),
    Slug(Slug),
}

/// What a shopper finds under a name.
#[derive(Clone, Debug)]
pub enum Published {
    Here(Box<Product>),
    /// The name is a slug that the product had; this is the one that it has.
    Moved(String),
}

/// The product as shoppers may see it: published and sold in `currency`. Drafts and archived products are absent.
///
/// # Errors
/// `ProductNotFound`.
pub async fn find_published(tx: &TenantTx, name: &Name, currency: Currency) -> Result<Published, Error> {
    let (condition, key): (_, Value) = match name {
        Name::Id(id) => ("p.id = $2 AND p.status = 'published'", (*id).into()),
        Name::Slug(slug) => ("p.slug = $2 AND p.status = 'published'", slug.as_str().into()),
    };
    let mut found = load(tx, condition, [tx.tenant().into(), key]).await?;
    if let Some(product) = found.first_mut() {
        product.variants.retain(|variant| variant.price_in(currency).is_some());
    }
    if let Some(product) = found.into_iter().next().filter(|product| !product.variants.is_empty()) {
        return Ok(Published::Here(Box::new(product)));
    }
    match name {
        Name::Id(id) => Err(Error::ProductNotFound(id.to_string())),
        Name::Slug(slug) => {
            let successor = old_slugs::PRODUCTS.successor(tx, slug).await?;
            successor.map(Published::Moved).ok_or_else(|| Error::ProductNotFound(slug.to_string()))
        }
    }
}

/// The products with these slugs, in no order.
pub(super) async fn load_by_slug(tx: &TenantTx, slugs: Vec<String>) -> Result<Vec<Product>, DbErr> {
    load(tx, "p.slug = ANY ($2)", [tx.tenant().into(), slugs.into()]).await
}

async fn load(tx: &TenantTx, condition: &str, values: impl IntoIterator<Item = Value>) -> Result<Vec<Product>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        product: String,
    }
    let rows: Vec<Row> = sql::all(tx, &format!("{} WHERE p.tenant_id = $1 AND {condition}", *PRODUCT), values).await?;
    rows.iter().map(|row| serde_json::from_str(&row.product).map_err(|error| DbErr::Json(error.to_string()))).collect()
}

/// Everything below a product is reached through an index that starts with the tenant and its parent.
static PRODUCT: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
    format!(
        "
SELECT json_build_object('id', p.id, 'slug', p.slug, 'title', p.title, 'description', p.description, 'brand', p.brand,
  'product_type', p.product_type, 'external_id', p.external_id, 'seo_title', p.seo_title, 'seo_description', p.seo_description,
  'status', p.status, 'published_at', p.published_at, 'publish_at', p.publish_at, 'unpublish_at', p.unpublish_at,
  'publish_failed', p.publish_failed,
  'version', p.version, 'created_at', p.created_at, 'updated_at', p.updated_at,
  'options', coalesce((SELECT json_agg(json_build_object('id', o.id, 'name', o.name, 'values',
      coalesce((SELECT json_agg(json_build_object('id', c.id, 'value', c.value) ORDER BY c.position, c.id)
        FROM option_values c WHERE c.tenant_id = $1 AND c.option_id = o.id), '[]')) ORDER BY o.position, o.id)
    FROM product_options o WHERE o.tenant_id = $1 AND o.product_id = p.id), '[]'),
  'variants', coalesce((SELECT json_agg(json_build_object('id', v.id, 'sku', v.sku, 'barcode', v.barcode, 'title', v.title,
      'weight_grams', v.weight_grams, 'requires_shipping', v.requires_shipping, 'is_stock_tracked', v.is_stock_tracked,
      'tax_class', v.tax_class, 'rank', stock.rank, 'available', coalesce(stock.available, 0),
      'value_ids', coalesce((SELECT json_agg(w.option_value_id) FROM variant_option_values w
        WHERE w.tenant_id = $1 AND w.variant_id = v.id), '[]'),
      'prices', coalesce((SELECT json_agg(json_build_object('currency', c.currency, 'amount', c.amount,
          'compare_at', c.compare_at_amount) ORDER BY c.currency)
        FROM prices c WHERE c.tenant_id = $1 AND c.variant_id = v.id), '[]'),
      'attributes', {of_variant}) ORDER BY v.position, v.id)
    FROM variants v CROSS JOIN LATERAL (
      SELECT max({rank}) AS rank, sum(greatest({available}, 0)) AS available
      FROM stock_levels s WHERE s.tenant_id = $1 AND s.variant_id = v.id) stock
    WHERE v.tenant_id = $1 AND v.product_id = p.id), '[]'),
  'images', coalesce((SELECT json_agg(json_build_object('id', i.id, 'variant_id', i.variant_id, 'media_id', i.media_id, 'url', i.url,
      'source_url', i.source_url, 'picture', i.picture, 'failure', i.failure, 'alt', i.alt) ORDER BY i.position, i.id) FROM product_images i WHERE i.tenant_id = $1 AND i.product_id = p.id), '[]'),
  'categories', coalesce((SELECT json_agg(json_build_object('id', c.id, 'slug', c.slug, 'name', c.name) ORDER BY c.name, c.id)
    FROM product_categories pc JOIN categories c ON c.tenant_id = $1 AND c.id = pc.category_id
    WHERE pc.tenant_id = $1 AND pc.product_id = p.id), '[]'),
  'tags', coalesce((SELECT json_agg(json_build_object('id', t.id, 'slug', t.slug, 'name', t.name) ORDER BY t.slug)
    FROM product_tags pt JOIN tags t ON t.tenant_id = $1 AND t.id = pt.tag_id
    WHERE pt.tenant_id = $1 AND pt.product_id = p.id), '[]'),
  'attributes', {of_product},
  'related', coalesce((SELECT json_agg(r.related_id ORDER BY r.position) FROM related_products r
    WHERE r.tenant_id = $1 AND r.product_id = p.id), '[]')
)::text AS product
FROM products p",
        of_product = attribute_values::shown("product", "f.variant_id IS NULL"),
        of_variant = attribute_values::shown("variant", "f.variant_id = v.id"),
        rank = inventory::LEVEL_RANK,
        available = inventory::AVAILABLE
    )
});

pub(super) fn id<'de, T: TypedId, D: Deserializer<'de>>(row: D) -> Result<T, D::Error> {
    Uuid::deserialize(row).map(T::from_uuid)
}

fn maybe_id<'de, T: TypedId, D: Deserializer<'de>>(row: D) -> Result<Option<T>, D::Error> {
    Ok(Option::<Uuid>::deserialize(row)?.map(T::from_uuid))
}

fn ids<'de, T: TypedId, D: Deserializer<'de>>(row: D) -> Result<Vec<T>, D::Error> {
    let ids = Vec::<Uuid>::deserialize(row).map_err(D::Error::custom)?;
    Ok(ids.into_iter().map(T::from_uuid).collect())
}
