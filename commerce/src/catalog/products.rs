//! Products: made as drafts, published when they have something to sell, archived when they are sold no more.

use chrono::{DateTime, SecondsFormat, Utc};
use sea_orm::{FromQueryResult, Value};
use tenancy::TenantTx;
use uuid::Uuid;

use super::{
    Error, NewProduct, Product, Status,
    attribute_values::{self, Given, Wanted},
    barcodes, currencies, description, detail,
    events::{ProductChange, ProductDeleted},
    images,
    new_product::{self, Faults},
    old_slugs, schedule, settle, tags,
};
use crate::{
    clock::Clock,
    ids::{CategoryId, ProductId, VariantId},
    money::{Currency, Money},
    outbox,
    page::{Cursor, CursorError, Page, PageQuery},
    sql,
};

pub use detail::find;

/// What a vendor may change about a product itself. Absent fields stay; `Some(None)` clears.
#[derive(Clone, Debug, Default)]
pub struct ProductChanges {
    pub title: Option<String>,
    pub slug: Option<String>,
    pub description: Option<String>,
    pub brand: Option<Option<String>>,
    pub product_type: Option<Option<String>>,
    /// By code; what is not named stays, `null` clears.
    pub attributes: Given,
    pub external_id: Option<Option<String>>,
    pub seo_title: Option<Option<String>>,
    pub seo_description: Option<Option<String>>,
    pub publish_at: Option<Option<DateTime<Utc>>>,
    pub unpublish_at: Option<Option<DateTime<Utc>>>,
    /// All of them.
    pub categories: Option<Vec<CategoryId>>,
    /// All of them, by name; unknown ones are made.
    pub tags: Option<Vec<String>>,
}

/// Makes a draft with its options, variants, prices, images and groups.
///
/// # Errors
/// `Invalid` names every wrong field; `SlugTaken`, `SkuTaken`, `BarcodeTaken`, `ExternalIdTaken`.
pub async fn create(tx: &TenantTx, clock: &Clock, new: NewProduct) -> Result<Product, Error> {
    let id = ProductId::new();
    let mut rows = new_product::rows(&new, id, &currencies::of_store(tx).await?, clock.now())?;
    barcodes::are_free(tx, &new.variants).await?;
    images::hold(tx, &mut rows.images, |at| format!("/images/{at}/media_id")).await?;
    rows.tags = tags::rows(id, &tags::ensure(tx, clock, &tag_names(&new.tags)?).await?);
    rows.insert(tx, clock, None).await?;
    let variants = rows.variants.iter().zip(&new.variants).enumerate().map(|(at, (row, variant))| Wanted {
        variant: Some(VariantId::from_uuid(row.id)),
        pointer: format!("/variants/{at}/attributes"),
        given: &variant.attributes,
    });
    let own = Wanted { variant: None, pointer: "/attributes".into(), given: &new.attributes };
    attribute_values::set(tx, id, &std::iter::once(own).chain(variants).collect::<Vec<_>>()).await?;
    settle::end(tx, clock, id, ProductChange::Created).await?;
    find(tx, id).await
}

/// Changes a product. `expected` is the version the caller has seen, if it cares.
///
/// # Errors
/// `ProductNotFound`, `VersionMoved`, `SlugTaken`, `ExternalIdTaken`, `Invalid`.
pub async fn change(tx: &TenantTx, clock: &Clock, id: ProductId, expected: Option<i64>, changes: ProductChanges) -> Result<Product, Error> {
    let mut faults = Faults::default();
    let cleared = |faults: &mut Faults, pointer: &str, text: &Option<Option<String>>| {
        (text.is_some(), text.as_ref().and_then(|text| faults.optional(pointer, text.as_deref(), 100)))
    };
    let title = changes.title.as_deref().map(|title| faults.line("/title", title, 255));
    let slug = changes.slug.as_deref().map(|slug| faults.slug("/slug", Some(slug), ""));
    let description = changes.description.as_deref().map(|html| faults.take(description::clean("/description", html)));
    let (has_brand, brand) = cleared(&mut faults, "/brand", &changes.brand);
    let (has_type, product_type) = cleared(&mut faults, "/product_type", &changes.product_type);
    let (has_external, external_id) = cleared(&mut faults, "/external_id", &changes.external_id);
    let seo_title = changes.seo_title.as_ref().map(|title| faults.optional("/seo/title", title.as_deref(), new_product::MOST_SEO_TITLE));
    let seo_description =
        changes.seo_description.as_ref().map(|text| faults.prose("/seo/description", text.as_deref(), new_product::MOST_SEO_DESCRIPTION));
    schedule::check(&mut faults, clock.now(), changes.publish_at.flatten(), changes.unpublish_at.flatten());
    faults.at_most("/categories", changes.categories.as_ref().map_or(0, Vec::len), new_product::MOST_CATEGORIES);
    faults.at_most("/tags", changes.tags.as_ref().map_or(0, Vec::len), new_product::MOST_TAGS);
    faults.done(())?;
    let values: [Value; 20] = [
        tx.tenant().into(),
        id.into(),
        clock.now().into(),
        expected.into(),
        title.into(),
        description.into(),
        has_brand.into(),
        brand.into(),
        has_type.into(),
        product_type.into(),
        has_external.into(),
        external_id.into(),
        seo_title.is_some().into(),
        seo_title.flatten().into(),
        seo_description.is_some().into(),
        seo_description.flatten().into(),
        changes.publish_at.is_some().into(),
        changes.publish_at.flatten().into(),
        changes.unpublish_at.is_some().into(),
        changes.unpublish_at.flatten().into(),
    ];
    if sql::run(tx, CHANGE, values).await? == 0 {
        return Err(settle::why_untouched(tx, id, expected).await?);
    }
    if let Some(slug) = &slug {
        old_slugs::PRODUCTS.replace(tx, clock, id.uuid(), slug).await?;
    }
    if let Some(categories) = &changes.categories {
        let ids: Vec<Uuid> = categories.iter().map(|category| category.uuid()).collect();
        sql::run(tx, REGROUP, [tx.tenant().into(), id.into(), ids.into()]).await?;
    }
    if let Some(names) = &changes.tags {
        let ids: Vec<Uuid> = tags::ensure(tx, clock, &tag_names(names)?).await?.values().map(|tag| tag.uuid()).collect();
        sql::run(tx, RETAG, [tx.tenant().into(), id.into(), ids.into()]).await?;
    }
    let own = Wanted { variant: None, pointer: "/attributes".into(), given: &changes.attributes };
    attribute_values::set(tx, id, &[own]).await?;
    settle::end(tx, clock, id, ProductChange::Edited).await?;
    find(tx, id).await
}

fn tag_names(names: &[String]) -> Result<std::collections::BTreeMap<String, String>, Error> {
    let mut faults = Faults::default();
    let tags = tags::named(&mut faults, names);
    faults.done(tags)
}

const CHANGE: &str = "
UPDATE products SET title = coalesce($5, title), description = coalesce($6, description),
  brand = CASE WHEN $7 THEN $8 ELSE brand END, product_type = CASE WHEN $9 THEN $10 ELSE product_type END,
  external_id = CASE WHEN $11 THEN $12 ELSE external_id END,
  seo_title = CASE WHEN $13 THEN $14 ELSE seo_title END, seo_description = CASE WHEN $15 THEN $16 ELSE seo_description END,
  publish_at = CASE WHEN $17 THEN $18 ELSE publish_at END, publish_failed = CASE WHEN $17 THEN NULL ELSE publish_failed END,
  unpublish_at = CASE WHEN $19 THEN $20 ELSE unpublish_at END, version = version + 1, updated_at = $3
WHERE tenant_id = $1 AND id = $2 AND ($4::bigint IS NULL OR version = $4)";

const REGROUP: &str = "
WITH gone AS (DELETE FROM product_categories WHERE tenant_id = $1 AND product_id = $2 AND NOT category_id = ANY ($3))
INSERT INTO product_categories (tenant_id, product_id, category_id) SELECT DISTINCT $1, $2, x.id FROM unnest($3::uuid[]) AS x (id)
ON CONFLICT DO NOTHING";

pub(super) const RETAG: &str = "
WITH gone AS (DELETE FROM product_tags WHERE tenant_id = $1 AND product_id = $2 AND NOT tag_id = ANY ($3))
INSERT INTO product_tags (tenant_id, product_id, tag_id) SELECT DISTINCT $1, $2, x.id FROM unnest($3::uuid[]) AS x (id)
ON CONFLICT DO NOTHING";

/// Shows a product to shoppers. Publishing what is published changes nothing.
///
/// # Errors
/// `NothingToSell` without a variant priced in the store's main currency; `AttributeMissing` without what its type requires;
/// `ProductNotFound`, `VersionMoved`.
pub async fn publish(tx: &TenantTx, clock: &Clock, id: ProductId, expected: Option<i64>) -> Result<Product, Error> {
    turn(tx, clock, id, expected, Status::Published, ProductChange::Published).await
}

/// Takes a product back to draft.
///
/// # Errors
/// `ProductNotFound`, `VersionMoved`.
pub async fn unpublish(tx: &TenantTx, clock: &Clock, id: ProductId, expected: Option<i64>) -> Result<Product, Error> {
    turn(tx, clock, id, expected, Status::Draft, ProductChange::Unpublished).await
}

/// Puts a product away: shoppers no longer see it, its history stays.
///
/// # Errors
/// `ProductNotFound`, `VersionMoved`.
pub async fn archive(tx: &TenantTx, clock: &Clock, id: ProductId, expected: Option<i64>) -> Result<Product, Error> {
    turn(tx, clock, id, expected, Status::Archived, ProductChange::Archived).await
}

async fn turn(
    tx: &TenantTx,
    clock: &Clock,
    id: ProductId,
    expected: Option<i64>,
    status: Status,
    change: ProductChange,
) -> Result<Product, Error> {
    let text = "UPDATE products SET status = $3, version = version + 1, updated_at = $4,
                  published_at = CASE WHEN $3 = 'published' THEN coalesce(published_at, $4) ELSE published_at END,
                  publish_at = CASE WHEN $3 = 'draft' AND publish_at > now() THEN publish_at END, publish_failed = NULL,
                  unpublish_at = CASE WHEN $3 = 'published' AND unpublish_at > now() THEN unpublish_at END
                WHERE tenant_id = $1 AND id = $2 AND status <> $3 AND ($5::bigint IS NULL OR version = $5)";
    let values = [tx.tenant().into(), id.into(), status.as_str().into(), clock.now().into(), expected.into()];
    if sql::run(tx, text, values).await? == 0 {
        let product = find(tx, id).await?;
        return match expected {
            Some(expected) if expected != product.version => Err(Error::VersionMoved { expected, actual: product.version }),
            _ => Ok(product),
        };
    }
    settle::end(tx, clock, id, change).await?;
    find(tx, id).await
}

/// Removes a product that was never sold, with its levels and their movements. References to it, and its places among related
/// products, go with it.
///
/// # Errors
/// `InUse` when it has been in an order or in a checkout that held units of it, or is in one that is open: archive it instead.
/// `ProductNotFound`, `VersionMoved`.
pub async fn delete(tx: &TenantTx, clock: &Clock, id: ProductId, expected: Option<i64>) -> Result<(), Error> {
    settle::begin(tx, clock, id, expected).await?;
    attribute_values::forget_target(tx, clock, id.uuid()).await?;
    let text = "DELETE FROM products WHERE tenant_id = $1 AND id = $2
                AND NOT EXISTS (SELECT FROM order_lines l WHERE l.tenant_id = $1 AND l.product_id = $2)
                AND NOT EXISTS (SELECT FROM checkouts c JOIN checkout_lines l ON l.tenant_id = $1 AND l.checkout_id = c.id
                  WHERE c.tenant_id = $1 AND c.status IN ('open', 'completing') AND l.product_id = $2)";
    if sql::run(tx, text, [tx.tenant().into(), id.into()]).await? == 0 {
        return Err(Error::InUse);
    }
    Ok(outbox::record(tx, clock, &ProductDeleted { product_id: id }).await?)
}

/// A product in the vendor's list.
#[derive(Clone, Debug)]
pub struct Summary {
    pub id: ProductId,
    pub slug: String,
    pub title: String,
    pub status: Status,
    pub brand: Option<String>,
    pub product_type: Option<String>,
    pub version: i64,
    pub variant_count: i64,
    /// The lowest price in the store's main currency.
    pub price_from: Option<Money>,
    pub image_url: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct Row {
    id: ProductId,
    slug: String,
    title: String,
    status: Status,
    brand: Option<String>,
    product_type: Option<String>,
    version: i64,
    variant_count: i64,
    price_from: Option<i64>,
    currency: String,
    image_url: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// All products of the store, or those of one status, the newest first.
///
/// # Errors
/// `Cursor` when the page was not continued from this list.
pub async fn list(tx: &TenantTx, status: Option<Status>, page: &PageQuery) -> Result<Page<Summary>, Error> {
    let tenant = tx.tenant();
    let mut values: Vec<Value> = vec![tenant.into(), (page.limit.cast_signed() + 1).into()];
    let mut conditions = String::new();
    if let Some(cursor) = &page.after {
        let cursor = cursor.for_list(Some(tenant), "created_at")?;
        let created_at: DateTime<Utc> = cursor.key.parse().map_err(|_| CursorError)?;
        values.extend([created_at.into(), cursor.id.into()]);
        conditions.push_str(" AND (p.created_at, p.id) < ($3, $4)");
    }
    if let Some(status) = status {
        values.push(status.as_str().into());
        conditions.push_str(&format!(" AND p.status = ${}", values.len()));
    }
    let text = format!(
        "SELECT page.*, settings.currency, (SELECT count(*) FROM variants v WHERE v.tenant_id = $1 AND v.product_id = page.id) AS variant_count,
           (SELECT min(c.amount) FROM variants v JOIN prices c ON c.tenant_id = $1 AND c.variant_id = v.id AND c.currency = settings.currency
            WHERE v.tenant_id = $1 AND v.product_id = page.id) AS price_from,
           (SELECT i.url FROM product_images i WHERE i.tenant_id = $1 AND i.product_id = page.id AND i.url IS NOT NULL ORDER BY i.position, i.id LIMIT 1) AS image_url
         FROM store_settings settings CROSS JOIN (
           SELECT p.id, p.slug, p.title, p.status, p.brand, p.product_type, p.version, p.created_at, p.updated_at
           FROM products p WHERE p.tenant_id = $1{conditions} ORDER BY p.created_at DESC, p.id DESC LIMIT $2) page
         WHERE settings.tenant_id = $1 ORDER BY page.created_at DESC, page.id DESC"
    );
    let rows: Vec<Row> = sql::all(tx, &text, values).await?;
    let page = Page::of(rows, page.limit, |row| {
        let key = row.created_at.to_rfc3339_opts(SecondsFormat::Micros, true);
        Cursor::new(Some(tenant), "created_at", key, row.id.uuid())
    });
    Ok(page.map(Row::summary))
}

impl Row {
    fn summary(self) -> Summary {
        let currency: Option<Currency> = self.currency.parse().ok();
        Summary {
            id: self.id,
            slug: self.slug,
            title: self.title,
            status: self.status,
            brand: self.brand,
            product_type: self.product_type,
            version: self.version,
            variant_count: self.variant_count,
            price_from: self.price_from.zip(currency).map(|(minor, currency)| Money::new(minor, currency)),
            image_url: self.image_url,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}
