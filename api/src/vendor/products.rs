use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use commerce::{
    catalog::{
        MOST_VARIANTS, NewImage, NewOption, NewProduct, Seo,
        products::{self, ProductChanges, Summary},
    },
    ids::{CategoryId, MediaId, ProductId},
};
use salvo::{
    Router, Writer,
    oapi::{ToParameters, ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenancy::Permission;

use super::{
    duplicates, old_slugs, options, prices,
    product::{Product, ProductStatus, tagged},
    related, variant_edits, variant_matrix,
    variants::{self, CreateVariant},
};
use crate::{
    Problem, State,
    context::{Body, IfMatch, LargeBody, Once, Paging, PathId, Query, Replay, Vendor},
    json::{Created, Id, Money, NoContent, Page, Patch, PictureUrl, Tagged},
};

pub(super) fn router() -> Router {
    let one = Router::with_path("{id}")
        .get(show)
        .patch(update)
        .delete(delete)
        .push(Router::with_path("publish").post(publish))
        .push(Router::with_path("unpublish").post(unpublish))
        .push(Router::with_path("archive").post(archive))
        .push(duplicates::router())
        .push(related::router())
        .push(old_slugs::router())
        .push(options::router())
        .push(variant_edits::router())
        .push(variants::router().push(prices::router()).push(variant_matrix::router()))
        .push(super::images::router());
    Router::with_path("products").get(list).post(create).push(one)
}

/// A product to be. It starts as a draft.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct CreateProduct {
    #[salvo(schema(min_length = 1, max_length = 255))]
    title: String,
    /// Suggested by the title when absent: lower-case letters, digits and single hyphens.
    #[salvo(schema(max_length = 120))]
    slug: Option<String>,
    /// HTML. Scripts, styles and unknown elements are removed.
    #[serde(default)]
    #[salvo(schema(max_length = 50000))]
    description: String,
    #[salvo(schema(max_length = 100))]
    brand: Option<String>,
    /// The name of a product type, which says what attributes it has; any other name is a label.
    #[salvo(schema(max_length = 100))]
    product_type: Option<String>,
    /// Values by the codes of the type's attributes: text, a number (`"12.5"`), true or false, a date, the id of a choice or of
    /// several, the id of what is referred to.
    #[serde(default)]
    attributes: BTreeMap<String, Value>,
    /// Your own id of the product; unique in the store.
    #[salvo(schema(max_length = 100))]
    external_id: Option<String>,
    #[serde(default)]
    seo: CreateSeo,
    /// When it is published by itself, within a minute. It must be such that it may be published by then.
    publish_at: Option<DateTime<Utc>>,
    /// When it is taken back to draft by itself, within a minute.
    unpublish_at: Option<DateTime<Utc>>,
    /// What distinguishes the variants: 5 at most.
    #[garde(length(max = 5))]
    #[serde(default)]
    options: Vec<CreateOption>,
    /// What can be bought: 2,000 at most, each with one value for each option.
    #[garde(length(max = MOST_VARIANTS))]
    #[serde(default)]
    variants: Vec<CreateVariant>,
    #[garde(length(max = 20))]
    #[serde(default)]
    categories: Vec<Id<CategoryId>>,
    /// Names; unknown ones are made.
    #[garde(length(max = 50))]
    #[serde(default)]
    tags: Vec<String>,
    /// The first is the product's face.
    #[garde(length(max = 50))]
    #[serde(default)]
    images: Vec<NewPicture>,
}

/// What search engines and previews are told, where it differs from the title and the description.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateSeo {
    #[salvo(schema(max_length = 255))]
    title: Option<String>,
    #[salvo(schema(max_length = 1000))]
    description: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateOption {
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: String,
    /// In the order shoppers see; values that only variants name come after.
    #[serde(default)]
    values: Vec<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPicture {
    /// From where it is fetched in the background; or `media_id`.
    #[salvo(schema(max_length = 2000))]
    url: Option<String>,
    /// One of the store's pictures.
    media_id: Option<Id<MediaId>>,
    #[serde(default)]
    #[salvo(schema(max_length = 500))]
    alt: String,
}

/// Fields that are absent stay; `null` clears.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct ChangeProduct {
    #[salvo(schema(min_length = 1, max_length = 255))]
    title: Option<String>,
    /// The slug that it had leads shoppers on to this one.
    #[salvo(schema(min_length = 1, max_length = 120))]
    slug: Option<String>,
    #[salvo(schema(max_length = 50000))]
    description: Option<String>,
    #[serde(default)]
    brand: Patch<String>,
    /// Values of attributes that another type does not have are kept, and shown again when the product has such a type.
    #[serde(default)]
    product_type: Patch<String>,
    /// Values by code; those that are not named stay, `null` clears.
    #[serde(default)]
    attributes: BTreeMap<String, Value>,
    #[serde(default)]
    external_id: Patch<String>,
    seo: Option<ChangeSeo>,
    /// When it is published by itself, within a minute.
    #[serde(default)]
    publish_at: Patch<DateTime<Utc>>,
    /// When it is taken back to draft by itself, within a minute.
    #[serde(default)]
    unpublish_at: Patch<DateTime<Utc>>,
    /// All of them.
    categories: Option<Vec<Id<CategoryId>>>,
    /// All of them, by name; unknown ones are made.
    tags: Option<Vec<String>>,
}

/// Fields that are absent stay; `null` clears.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeSeo {
    #[serde(default)]
    title: Patch<String>,
    #[serde(default)]
    description: Patch<String>,
}

#[derive(Debug, Deserialize, ToParameters, garde::Validate)]
#[serde(deny_unknown_fields)]
#[salvo(parameters(default_parameter_in = Query))]
#[garde(allow_unvalidated)]
struct ProductFilter {
    /// Only products of this status.
    status: Option<ProductStatus>,
    /// How many at most (100).
    #[salvo(parameter(minimum = 1, maximum = 100, default = 24))]
    limit: Option<u64>,
    /// `page.next` of the page before.
    after: Option<String>,
}

/// A product in a list.
#[derive(Debug, Serialize, ToSchema)]
struct ProductSummary {
    id: Id<ProductId>,
    slug: String,
    title: String,
    status: ProductStatus,
    brand: Option<String>,
    product_type: Option<String>,
    version: i64,
    variant_count: i64,
    /// The lowest price in the store's main currency.
    price_from: Option<Money>,
    image_url: Option<PictureUrl>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// List the products, the newest first.
#[endpoint]
async fn list(vendor: Vendor, filter: Query<ProductFilter>) -> Result<Page<ProductSummary>, Problem> {
    vendor.require(Permission::ReadProducts)?;
    let ProductFilter { status, limit, after } = filter.0;
    let page = Paging::new(limit, after.as_deref())?.0;
    let tx = vendor.db.begin().await?;
    Ok(Page::of(products::list(&tx, status.map(Into::into), &page).await?))
}

/// Show a product.
#[endpoint]
async fn show(vendor: Vendor, id: PathId<ProductId>) -> Result<Tagged<Product>, Problem> {
    vendor.require(Permission::ReadProducts)?;
    let tx = vendor.db.begin().await?;
    Ok(tagged(products::find(&tx, id.0).await?))
}

/// Create a draft product with its options, variants, prices and images.
#[endpoint]
async fn create(vendor: Vendor, state: State, body: LargeBody<CreateProduct>, once: Once) -> Result<Replay<Created<Product>>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    if let Some(first) = once.first_answer(&tx).await? {
        return Ok(first);
    }
    let product = products::create(&tx, &state.clock, body.0.into()).await?;
    once.commit(tx, &state.clock, Created::at(format!("/vendor/v1/products/{}", product.id), product.into())).await
}

/// Change a product.
#[endpoint]
async fn update(
    vendor: Vendor,
    state: State,
    id: PathId<ProductId>,
    seen: IfMatch,
    body: Body<ChangeProduct>,
) -> Result<Tagged<Product>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    let product = products::change(&tx, &state.clock, id.0, seen.version(), body.0.into()).await?;
    tx.commit().await?;
    Ok(tagged(product))
}

/// Show a product to shoppers.
///
/// It needs a variant with a price in the store's main currency, and the attributes that its type requires. Publishing what is published changes nothing.
#[endpoint]
async fn publish(vendor: Vendor, state: State, id: PathId<ProductId>, seen: IfMatch) -> Result<Tagged<Product>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    let product = products::publish(&tx, &state.clock, id.0, seen.version()).await?;
    tx.commit().await?;
    Ok(tagged(product))
}

/// Take a product back to draft.
#[endpoint]
async fn unpublish(vendor: Vendor, state: State, id: PathId<ProductId>, seen: IfMatch) -> Result<Tagged<Product>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    let product = products::unpublish(&tx, &state.clock, id.0, seen.version()).await?;
    tx.commit().await?;
    Ok(tagged(product))
}

/// Put a product away.
///
/// Shoppers no longer see it; its history stays.
#[endpoint]
async fn archive(vendor: Vendor, state: State, id: PathId<ProductId>, seen: IfMatch) -> Result<Tagged<Product>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    let product = products::archive(&tx, &state.clock, id.0, seen.version()).await?;
    tx.commit().await?;
    Ok(tagged(product))
}

/// Delete a product that was never sold.
///
/// One that has been ordered, or stands in an open checkout, is archived instead: 409 `catalog.in_use`. Orders keep their own copy of
/// what was bought in any case. References to it and its places among related products go with it.
#[endpoint]
async fn delete(vendor: Vendor, state: State, id: PathId<ProductId>, seen: IfMatch) -> Result<NoContent, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    products::delete(&tx, &state.clock, id.0, seen.version()).await?;
    tx.commit().await?;
    Ok(NoContent)
}

impl From<CreateProduct> for NewProduct {
    fn from(asked: CreateProduct) -> Self {
        let media = |id: Option<Id<MediaId>>| id.map(|id| id.0);
        let image =
            |picture: NewPicture| NewImage { url: picture.url, media_id: media(picture.media_id), alt: picture.alt, variant_id: None };
        Self {
            title: asked.title,
            slug: asked.slug,
            description: asked.description,
            brand: asked.brand,
            product_type: asked.product_type,
            attributes: asked.attributes,
            external_id: asked.external_id,
            seo: Seo { title: asked.seo.title, description: asked.seo.description },
            publish_at: asked.publish_at,
            unpublish_at: asked.unpublish_at,
            options: asked.options.into_iter().map(|option| NewOption { name: option.name, values: option.values }).collect(),
            variants: asked.variants.into_iter().map(Into::into).collect(),
            categories: asked.categories.into_iter().map(|id| id.0).collect(),
            tags: asked.tags,
            images: asked.images.into_iter().map(image).collect(),
        }
    }
}

impl From<ChangeProduct> for ProductChanges {
    fn from(asked: ChangeProduct) -> Self {
        let seo = asked.seo.unwrap_or_default();
        Self {
            title: asked.title,
            slug: asked.slug,
            description: asked.description,
            brand: asked.brand.change(),
            product_type: asked.product_type.change(),
            attributes: asked.attributes,
            external_id: asked.external_id.change(),
            seo_title: seo.title.change(),
            seo_description: seo.description.change(),
            publish_at: asked.publish_at.change(),
            unpublish_at: asked.unpublish_at.change(),
            categories: asked.categories.map(|ids| ids.into_iter().map(|id| id.0).collect()),
            tags: asked.tags,
        }
    }
}

impl From<Summary> for ProductSummary {
    fn from(product: Summary) -> Self {
        Self {
            id: product.id.into(),
            slug: product.slug,
            title: product.title,
            status: product.status.into(),
            brand: product.brand,
            product_type: product.product_type,
            version: product.version,
            variant_count: product.variant_count,
            price_from: product.price_from.map(Money),
            image_url: product.image_url.map(PictureUrl),
            created_at: product.created_at,
            updated_at: product.updated_at,
        }
    }
}
