use std::collections::HashSet;

use chrono::{DateTime, Utc};
use commerce::{
    catalog::{
        self,
        detail::{self, Name, Published},
        listing::{self, Card, CardImage},
    },
    fault::FieldFault,
    ids::{CategoryId, ImageId, OptionValueId, ProductId, TagId, VariantId},
    inventory, media,
    money::Currency,
};
use salvo::{
    Router, Writer,
    oapi::{ToParameters, ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::TenantTx;

use super::{kept::keep, product_filter::ProductFilter};
use crate::{
    Problem,
    context::{Paging, PathText, Query, Shopper},
    json::{Attribute, FocalPoint, HereOrMoved, Id, Money, Page, PictureSource, PictureUrl},
};

pub(super) fn router() -> Router {
    Router::with_path("products").hoop(keep).get(list).push(Router::with_path("{product}").get(show))
}

#[derive(Debug, Deserialize, ToParameters, garde::Validate)]
#[serde(deny_unknown_fields)]
#[salvo(parameters(default_parameter_in = Query))]
#[garde(allow_unvalidated)]
struct Prices {
    /// One of the store's currencies; its main one when absent.
    currency: Option<String>,
}

/// A product as a list shows it.
#[derive(Debug, Serialize, ToSchema)]
struct ProductCard {
    id: Id<ProductId>,
    slug: String,
    title: String,
    brand: Option<String>,
    price_from: Money,
    price_to: Money,
    /// What the cheapest variant cost before.
    compare_at: Option<Money>,
    image: Option<Picture>,
    options: Vec<CardOption>,
    availability: Availability,
    /// Units left, said only when they are few.
    #[serde(skip_serializing_if = "Option::is_none")]
    low_count: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Picture {
    url: PictureUrl,
    alt: String,
    /// Of the picture; null while it is somebody else's.
    width: Option<u32>,
    height: Option<u32>,
    focal_point: Option<FocalPoint>,
    /// Its files that a list needs.
    sources: Vec<PictureSource>,
}

#[derive(Debug, Serialize, ToSchema)]
struct CardOption {
    name: String,
    values: Vec<String>,
}

/// Whether units can be bought now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Availability {
    InStock,
    /// Few are left.
    Low,
    /// Nothing is on hand; orders are taken.
    Backorder,
    OutOfStock,
}

/// A product whole.
#[derive(Debug, Serialize, ToSchema)]
struct Product {
    id: Id<ProductId>,
    slug: String,
    title: String,
    /// HTML, safe to show.
    description: String,
    brand: Option<String>,
    product_type: Option<String>,
    published_at: Option<DateTime<Utc>>,
    seo: Seo,
    options: Vec<CardOption>,
    variants: Vec<Variant>,
    /// The first is the product's face.
    images: Vec<Image>,
    categories: Vec<CategoryName>,
    tags: Vec<TagName>,
    /// In the order of its type.
    attributes: Vec<Attribute>,
    /// Other products that its page shows, in their order.
    related: Vec<ProductCard>,
}

/// What search engines and previews are told; null where the title or the description serve.
#[derive(Debug, Serialize, ToSchema)]
struct Seo {
    title: Option<String>,
    description: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Variant {
    id: Id<VariantId>,
    title: String,
    sku: Option<String>,
    barcode: Option<String>,
    /// One value for each option of the product.
    options: Vec<Choice>,
    price: Money,
    compare_at: Option<Money>,
    requires_shipping: bool,
    availability: Availability,
    /// Units left, said only when they are few.
    #[serde(skip_serializing_if = "Option::is_none")]
    low_count: Option<i64>,
    /// What this variant has of its own, in the order of the product's type.
    attributes: Vec<Attribute>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Choice {
    name: String,
    value: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct Image {
    id: Id<ImageId>,
    /// The variant it shows; null: the whole product.
    variant_id: Option<Id<VariantId>>,
    /// What every browser can show.
    url: PictureUrl,
    alt: String,
    /// Of the picture; null while it is somebody else's.
    width: Option<u32>,
    height: Option<u32>,
    focal_point: Option<FocalPoint>,
    /// All its files, the best format first and the narrowest first of each.
    sources: Vec<PictureSource>,
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

/// List the products on sale.
#[endpoint]
async fn list(shopper: Shopper, filter: Query<ProductFilter>) -> Result<Page<ProductCard>, Problem> {
    let page = Paging::new(filter.0.limit, filter.0.after.as_deref())?.0;
    let currency = currency(&shopper, filter.0.currency.as_deref())?;
    let tx = shopper.db.begin().await?;
    match filter.0.into_filter(&tx, currency).await? {
        Some(asked) => Ok(Page::of(listing::list(&tx, &asked, &page).await?)),
        None => Ok(Page::whole(Vec::new())),
    }
}

/// Show a product, by its id or its slug.
///
/// A slug that the product had answers 301 with the address of the present one.
#[endpoint]
async fn show(shopper: Shopper, product: PathText, prices: Query<Prices>) -> Result<HereOrMoved<Product>, Problem> {
    let currency = currency(&shopper, prices.0.currency.as_deref())?;
    let name = name(&product.0).ok_or_else(|| absent(&product.0))?;
    let tx = shopper.db.begin().await?;
    Ok(match detail::find_published(&tx, &name, currency).await? {
        Published::Here(product) => {
            let related = related(&tx, &product, currency).await?;
            HereOrMoved::Here(Product::of(*product, related, currency))
        }
        Published::Moved(slug) => HereOrMoved::Moved(address(&slug, prices.0.currency.as_deref())),
    })
}

/// The currency asked for, which must be one of the store's.
fn currency(shopper: &Shopper, asked: Option<&str>) -> Result<Currency, Problem> {
    let code = asked.unwrap_or(&shopper.store.currency);
    let known = shopper.store.currencies.iter().any(|currency| currency == code);
    let wrong = || {
        let detail = format!("the store sells in {}", shopper.store.currencies.join(", "));
        Problem::invalid(vec![FieldFault::new("/currency", "currency", detail)])
    };
    code.parse().ok().filter(|_| known).ok_or_else(wrong)
}

fn name(text: &str) -> Option<Name> {
    text.parse().map(Name::Id).ok().or_else(|| text.parse().map(Name::Slug).ok())
}

/// One statement more, where there are any.
async fn related(tx: &TenantTx, product: &catalog::Product, currency: Currency) -> Result<Vec<Card>, catalog::Error> {
    if product.related.is_empty() { Ok(Vec::new()) } else { listing::cards(tx, &product.related, currency).await }
}

/// Where a product is shown, with what was asked of it.
fn address(slug: &str, currency: Option<&str>) -> String {
    let query = currency.map(|code| format!("?currency={code}")).unwrap_or_default();
    format!("/storefront/v1/products/{slug}{query}")
}

fn absent(name: &str) -> Problem {
    catalog::Error::ProductNotFound(name.to_owned()).into()
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

impl From<Card> for ProductCard {
    fn from(card: Card) -> Self {
        Self {
            id: card.id.into(),
            slug: card.slug,
            title: card.title,
            brand: card.brand,
            price_from: card.price_from.into(),
            price_to: card.price_to.into(),
            compare_at: card.compare_at.map(Money),
            image: card.image.map(Picture::from),
            options: card.options.into_iter().map(|option| CardOption { name: option.name, values: option.values }).collect(),
            availability: card.availability.into(),
            low_count: card.low_count,
        }
    }
}

impl From<CardImage> for Picture {
    fn from(image: CardImage) -> Self {
        let picture = image.picture.as_ref();
        Self {
            width: picture.map(|picture| picture.width),
            height: picture.map(|picture| picture.height),
            focal_point: picture.and_then(|picture| picture.focal_point).map(Into::into),
            sources: PictureSource::for_cards(picture),
            url: PictureUrl(image.url),
            alt: image.alt,
        }
    }
}

impl Image {
    /// The image, if there is something to show.
    fn of(image: catalog::Image) -> Option<Self> {
        let picture = image.picture.as_ref();
        Some(Self {
            id: image.id.into(),
            variant_id: image.variant_id.map(Id),
            url: PictureUrl(picture.map(media::Picture::path).or(image.url)?),
            alt: image.alt,
            width: picture.map(|picture| picture.width),
            height: picture.map(|picture| picture.height),
            focal_point: picture.and_then(|picture| picture.focal_point).map(Into::into),
            sources: PictureSource::all(picture),
        })
    }
}

impl Product {
    fn of(product: catalog::Product, related: Vec<Card>, currency: Currency) -> Self {
        let variants = product.variants.iter().filter_map(|variant| Variant::of(&product, variant, currency)).collect();
        // A value that nobody can buy yet is the vendor's own business.
        let sold: HashSet<OptionValueId> = product.variants.iter().flat_map(|variant| variant.value_ids.iter().copied()).collect();
        let option = |option: catalog::ProductOption| CardOption {
            name: option.name,
            values: option.values.into_iter().filter(|value| sold.contains(&value.id)).map(|value| value.value).collect(),
        };
        Self {
            id: product.id.into(),
            slug: product.slug,
            title: product.title,
            description: product.description,
            brand: product.brand,
            product_type: product.product_type,
            published_at: product.published_at,
            seo: Seo { title: product.seo_title, description: product.seo_description },
            variants,
            options: product.options.into_iter().map(option).collect(),
            images: product.images.into_iter().filter_map(Image::of).collect(),
            categories: product.categories.into_iter().map(|it| CategoryName { id: it.id.into(), slug: it.slug, name: it.name }).collect(),
            tags: product.tags.into_iter().map(|it| TagName { id: it.id.into(), slug: it.slug, name: it.name }).collect(),
            attributes: Attribute::for_shoppers(product.attributes),
            related: related.into_iter().map(Into::into).collect(),
        }
    }
}

impl Variant {
    /// The variant, if it is sold in the currency.
    fn of(product: &catalog::Product, variant: &catalog::Variant, currency: Currency) -> Option<Self> {
        let price = variant.price_in(currency)?;
        let availability = variant.availability().into();
        let choice = |(option, value): (&catalog::ProductOption, &catalog::OptionValue)| Choice {
            name: option.name.clone(),
            value: value.value.clone(),
        };
        Some(Self {
            id: variant.id.into(),
            title: variant.title.clone(),
            sku: variant.sku.clone(),
            barcode: variant.barcode.clone(),
            options: product.choices(variant).map(choice).collect(),
            price: price.amount.into(),
            compare_at: price.compare_at.map(Money),
            requires_shipping: variant.requires_shipping,
            low_count: Some(variant.available).filter(|_| availability == Availability::Low),
            attributes: Attribute::for_shoppers(variant.attributes.clone()),
            availability,
        })
    }
}
