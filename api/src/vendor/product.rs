//! A product as vendors read it: the answer of every route that shows or changes one.

use chrono::{DateTime, Utc};
use commerce::{
    catalog::{self, Status, schedule},
    ids::{CategoryId, ImageId, MediaId, OptionId, OptionValueId, ProductId, TagId, VariantId},
    inventory,
    media::Picture,
};
use salvo::oapi::ToSchema;
use serde::{Deserialize, Serialize};

use crate::json::{Attribute, FocalPoint, Id, Money, PictureSource, PictureUrl, Tagged};

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Product {
    id: Id<ProductId>,
    slug: String,
    title: String,
    /// HTML, safe to show.
    description: String,
    brand: Option<String>,
    product_type: Option<String>,
    external_id: Option<String>,
    status: ProductStatus,
    published_at: Option<DateTime<Utc>>,
    /// When it is published by itself.
    publish_at: Option<DateTime<Utc>>,
    /// When it is taken back to draft by itself.
    unpublish_at: Option<DateTime<Utc>>,
    /// Why it was not published when its time had come.
    publish_failed: Option<PublishFailure>,
    seo: Seo,
    /// Grows with every change to the product or to anything it owns; also the `ETag`.
    version: i64,
    options: Vec<ProductOption>,
    variants: Vec<Variant>,
    /// The first is the product's face.
    images: Vec<Image>,
    categories: Vec<CategoryName>,
    tags: Vec<TagName>,
    /// Those of the product itself, in the order of its type. Values of attributes that its type does not have are kept and not
    /// shown.
    attributes: Vec<Attribute>,
    /// Other products that its page shows, in their order.
    related: Vec<Id<ProductId>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// What search engines and previews are told, where it differs from the title and the description.
#[derive(Debug, Serialize, ToSchema)]
struct Seo {
    title: Option<String>,
    description: Option<String>,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PublishFailure {
    /// It had no variant with a price in the store's main currency.
    NothingToSell,
    /// It lacked an attribute that its product type requires.
    AttributeMissing,
    /// It had been put away.
    Archived,
}

/// Whether shoppers may see a product.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ProductStatus {
    Draft,
    Published,
    Archived,
}

#[derive(Debug, Serialize, ToSchema)]
struct ProductOption {
    id: Id<OptionId>,
    name: String,
    values: Vec<OptionValue>,
}

#[derive(Debug, Serialize, ToSchema)]
struct OptionValue {
    id: Id<OptionValueId>,
    value: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct Variant {
    id: Id<VariantId>,
    title: String,
    sku: Option<String>,
    barcode: Option<String>,
    /// One value for each option of the product.
    options: Vec<Choice>,
    prices: Vec<Price>,
    weight_grams: i32,
    requires_shipping: bool,
    is_stock_tracked: bool,
    tax_class: String,
    availability: Availability,
    /// Units over all locations that may still be promised.
    available: i64,
    /// What this variant has of its own.
    attributes: Vec<Attribute>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Choice {
    name: String,
    value: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct Price {
    price: Money,
    compare_at: Option<Money>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Image {
    id: Id<ImageId>,
    variant_id: Option<Id<VariantId>>,
    /// The picture of the store that it shows; null until its file is fetched.
    media_id: Option<Id<MediaId>>,
    status: ImageStatus,
    /// Why it failed.
    failure: Option<String>,
    /// What is shown now: our own picture, or the address that was named; null while there is neither.
    url: Option<PictureUrl>,
    /// The address that was named.
    source_url: Option<String>,
    alt: String,
    width: Option<u32>,
    height: Option<u32>,
    focal_point: Option<FocalPoint>,
    sources: Vec<PictureSource>,
}

/// How far an image is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ImageStatus {
    /// Its file is to be fetched.
    Awaited,
    /// Its file is here; what is shown of it is being made.
    Processing,
    Ready,
    Failed,
}

#[derive(Debug, Serialize, ToSchema)]
struct CategoryName {
    id: Id<CategoryId>,
    slug: String,
    name: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct TagName {
    id: Id<TagId>,
    slug: String,
    name: String,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Availability {
    InStock,
    /// At or below the reorder point.
    Low,
    /// Nothing is on hand; orders are taken.
    Backorder,
    OutOfStock,
}

impl From<inventory::Availability> for Availability {
    fn from(availability: inventory::Availability) -> Self {
        match availability {
            inventory::Availability::InStock => Self::InStock,
            inventory::Availability::Low => Self::Low,
            inventory::Availability::Backorder => Self::Backorder,
            inventory::Availability::OutOfStock => Self::OutOfStock,
        }
    }
}

impl From<Status> for ProductStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Draft => Self::Draft,
            Status::Published => Self::Published,
            Status::Archived => Self::Archived,
        }
    }
}

impl From<schedule::PublishFailure> for PublishFailure {
    fn from(failure: schedule::PublishFailure) -> Self {
        match failure {
            schedule::PublishFailure::NothingToSell => Self::NothingToSell,
            schedule::PublishFailure::AttributeMissing => Self::AttributeMissing,
            schedule::PublishFailure::Archived => Self::Archived,
        }
    }
}

impl From<ProductStatus> for Status {
    fn from(status: ProductStatus) -> Self {
        match status {
            ProductStatus::Draft => Self::Draft,
            ProductStatus::Published => Self::Published,
            ProductStatus::Archived => Self::Archived,
        }
    }
}

impl From<catalog::Product> for Product {
    fn from(product: catalog::Product) -> Self {
        let variants = product.variants.iter().map(|variant| Variant::of(&product, variant)).collect();
        let value = |value: catalog::OptionValue| OptionValue { id: value.id.into(), value: value.value };
        let option = |option: catalog::ProductOption| ProductOption {
            id: option.id.into(),
            name: option.name,
            values: option.values.into_iter().map(value).collect(),
        };
        Self {
            id: product.id.into(),
            slug: product.slug,
            title: product.title,
            description: product.description,
            brand: product.brand,
            product_type: product.product_type,
            external_id: product.external_id,
            status: product.status.into(),
            published_at: product.published_at,
            publish_at: product.publish_at,
            unpublish_at: product.unpublish_at,
            publish_failed: product.publish_failed.map(Into::into),
            seo: Seo { title: product.seo_title, description: product.seo_description },
            version: product.version,
            options: product.options.into_iter().map(option).collect(),
            variants,
            images: product.images.into_iter().map(Image::from).collect(),
            categories: product.categories.into_iter().map(|it| CategoryName { id: it.id.into(), slug: it.slug, name: it.name }).collect(),
            tags: product.tags.into_iter().map(|it| TagName { id: it.id.into(), slug: it.slug, name: it.name }).collect(),
            attributes: Attribute::for_vendors(product.attributes),
            related: product.related.into_iter().map(Id).collect(),
            created_at: product.created_at,
            updated_at: product.updated_at,
        }
    }
}

impl From<catalog::Image> for Image {
    fn from(image: catalog::Image) -> Self {
        let status = match image.status() {
            catalog::ImageStatus::Awaited => ImageStatus::Awaited,
            catalog::ImageStatus::Processing => ImageStatus::Processing,
            catalog::ImageStatus::Ready => ImageStatus::Ready,
            catalog::ImageStatus::Failed => ImageStatus::Failed,
        };
        let picture = image.picture.as_ref();
        Self {
            id: image.id.into(),
            variant_id: image.variant_id.map(Id),
            media_id: image.media_id.map(Id),
            status,
            failure: image.failure,
            url: picture.map(Picture::path).or(image.url).map(PictureUrl),
            source_url: image.source_url,
            alt: image.alt,
            width: picture.map(|picture| picture.width),
            height: picture.map(|picture| picture.height),
            focal_point: picture.and_then(|picture| picture.focal_point).map(Into::into),
            sources: PictureSource::all(picture),
        }
    }
}

impl Variant {
    fn of(product: &catalog::Product, variant: &catalog::Variant) -> Self {
        let choice = |(option, value): (&catalog::ProductOption, &catalog::OptionValue)| Choice {
            name: option.name.clone(),
            value: value.value.clone(),
        };
        let price = |price: &catalog::Price| Price { price: price.amount.into(), compare_at: price.compare_at.map(Money) };
        Self {
            id: variant.id.into(),
            title: variant.title.clone(),
            sku: variant.sku.clone(),
            barcode: variant.barcode.clone(),
            options: product.choices(variant).map(choice).collect(),
            prices: variant.prices.iter().map(price).collect(),
            weight_grams: variant.weight_grams,
            requires_shipping: variant.requires_shipping,
            is_stock_tracked: variant.is_stock_tracked,
            tax_class: variant.tax_class.clone(),
            availability: variant.availability().into(),
            available: variant.available,
            attributes: Attribute::for_vendors(variant.attributes.clone()),
        }
    }
}

/// The product with its version as `ETag`.
pub(super) fn tagged(product: catalog::Product) -> Tagged<Product> {
    Tagged { version: product.version, body: product.into() }
}
