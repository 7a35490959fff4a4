//! Finding products: by a text, by what they are, and while the text is still being typed.

mod asked;

use commerce::{
    ids::ProductId,
    money::{self, Currency},
    page::Cursor,
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use search::{FacetCounts, Found, ProductDocument, Suggestion, WINDOW};
use serde::Serialize;
use tenancy::Tenant;
use uuid::Uuid;

use self::asked::{Asked, Typed};
use crate::{
    Problem, State,
    context::{Query, Shopper},
    json::{Id, Json, Money, Page, PictureUrl},
};

pub(super) fn router() -> Router {
    Router::new().push(Router::with_path("search").get(list)).push(Router::with_path("suggestions").get(suggest))
}

/// A page of what was found.
#[derive(Debug, Serialize, ToSchema)]
struct Results {
    data: Vec<Hit>,
    page: Turn,
    /// How many products fit. From 1,000 on, there may be more.
    total: u64,
    /// The counts that were asked for, in that order.
    facets: Vec<Facet>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Turn {
    /// `after` of the next page; null on the last.
    next: Option<String>,
}

/// A product that was found.
#[derive(Debug, Serialize, ToSchema)]
struct Hit {
    id: Id<ProductId>,
    slug: String,
    title: String,
    brand: Option<String>,
    product_type: Option<String>,
    image: Option<Image>,
    /// The lowest price of its variants in the currency asked for; null when it has none in it.
    price: Option<Money>,
    /// Whether at least one variant can be bought now.
    in_stock: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct Image {
    url: PictureUrl,
    alt: String,
}

/// The values of one field, the most frequent first. They are counted as if this field were not filtered by, so that each
/// count says what choosing the value would find.
#[derive(Debug, Serialize, ToSchema)]
struct Facet {
    field: String,
    values: Vec<FacetValue>,
}

#[derive(Debug, Serialize, ToSchema)]
struct FacetValue {
    value: String,
    count: u64,
}

/// A product that a shopper may mean.
#[derive(Debug, Serialize, ToSchema)]
struct Suggested {
    id: Id<ProductId>,
    slug: String,
    title: String,
    image: Option<Image>,
}

/// Search the store's products.
///
/// All words must be found; the last may be unfinished, and longer words may be mistyped. What was changed a moment ago
/// may take seconds to be found.
#[endpoint]
async fn list(shopper: Shopper, state: State, asked: Asked) -> Result<Json<Results>, Problem> {
    let query = asked.query(&shopper.store)?;
    let found = state.search.query(shopper.store.id, &query).await?;
    Ok(Json(Results::of(found, &query, &shopper.store)))
}

/// Suggest products while a shopper types.
#[endpoint]
async fn suggest(shopper: Shopper, state: State, typed: Query<Typed>) -> Result<Page<Suggested>, Problem> {
    let suggested =
        state.search.suggest(shopper.store.id, &typed.0.text()?, asked::main_currency(&shopper.store)?, typed.0.limit()).await?;
    Ok(Page::whole(suggested.into_iter().map(Suggested::from).collect()))
}

impl Results {
    fn of(found: Found, query: &search::Query, store: &Tenant) -> Self {
        let reached = query.from + found.hits.len() as u64;
        let is_last = found.hits.is_empty() || reached >= found.total.min(WINDOW);
        let cursor = || Cursor::new(Some(store.id), &asked::order(query.sort), reached.to_string(), Uuid::nil());
        Self {
            page: Turn { next: (!is_last).then(|| cursor().to_string()) },
            total: found.total,
            facets: found.facets.into_iter().map(Facet::from).collect(),
            data: found.hits.into_iter().map(|hit| Hit::of(hit, query.currency)).collect(),
        }
    }
}

impl Hit {
    fn of(document: ProductDocument, currency: Currency) -> Self {
        let price = document.prices.get(currency.code()).map(|minor| money::Money { minor: *minor, currency }.into());
        Self {
            id: document.id.into(),
            slug: document.slug,
            title: document.title,
            brand: document.brand,
            product_type: document.product_type,
            image: document.image.map(Image::from),
            price,
            in_stock: document.in_stock,
        }
    }
}

impl From<search::Image> for Image {
    fn from(image: search::Image) -> Self {
        Self { url: PictureUrl(image.url), alt: image.alt }
    }
}

impl From<FacetCounts> for Facet {
    fn from(counts: FacetCounts) -> Self {
        let values = counts.values.into_iter().map(|(value, count)| FacetValue { value, count });
        Self { field: counts.field.to_string(), values: values.collect() }
    }
}

impl From<Suggestion> for Suggested {
    fn from(one: Suggestion) -> Self {
        Self { id: one.product.into(), slug: one.slug, title: one.title, image: one.image.map(Image::from) }
    }
}
