use chrono::{DateTime, Utc};
use commerce::{
    catalog::{
        self,
        collections::{self, Name, Published},
    },
    ids::CollectionId,
};
use salvo::{
    Router, Writer,
    oapi::{ToParameters, ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};

use super::kept::keep;
use crate::{
    Problem,
    context::{Paging, PathText, Query, Shopper},
    json::{CollectionSort, FocalPoint, HereOrMoved, Id, Page, PictureSource, PictureUrl},
};

pub(super) fn router() -> Router {
    Router::with_path("collections").hoop(keep).get(list).push(Router::with_path("{collection}").get(show))
}

/// A list of products that the store's people have chosen. Its products: `products?collection=`.
#[derive(Debug, Serialize, ToSchema)]
struct Collection {
    id: Id<CollectionId>,
    slug: String,
    title: String,
    /// HTML, safe to show.
    description: String,
    published_at: Option<DateTime<Utc>>,
    seo: CollectionSeo,
    /// In what order its products come when none is asked for.
    sort: CollectionSort,
    image: Option<CollectionPicture>,
}

/// What search engines and previews are told, where it differs from the title and the description.
#[derive(Debug, Serialize, ToSchema)]
struct CollectionSeo {
    title: Option<String>,
    description: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct CollectionPicture {
    url: PictureUrl,
    alt: String,
    width: u32,
    height: u32,
    focal_point: Option<FocalPoint>,
    /// All its files, the best format first and the narrowest first of each.
    sources: Vec<PictureSource>,
}

#[derive(Debug, Deserialize, ToParameters, garde::Validate)]
#[serde(deny_unknown_fields)]
#[salvo(parameters(default_parameter_in = Query))]
#[garde(allow_unvalidated)]
struct CollectionPage {
    /// How many at most (100).
    #[salvo(parameter(minimum = 1, maximum = 100, default = 24))]
    limit: Option<u64>,
    /// `page.next` of the page before.
    after: Option<String>,
}

/// List the collections, the last published first.
#[endpoint]
async fn list(shopper: Shopper, page: Query<CollectionPage>) -> Result<Page<Collection>, Problem> {
    let page = Paging::new(page.0.limit, page.0.after.as_deref())?.0;
    let tx = shopper.db.begin().await?;
    Ok(Page::of(collections::list_published(&tx, &page).await?))
}

/// Show a collection, by its id or its slug.
///
/// A slug that the collection had answers 301 with the address of the present one.
#[endpoint]
async fn show(shopper: Shopper, collection: PathText) -> Result<HereOrMoved<Collection>, Problem> {
    let absent = || catalog::Error::NameNotFound("collection", collection.0.clone());
    let name = name(&collection.0).ok_or_else(absent)?;
    let tx = shopper.db.begin().await?;
    Ok(match collections::find_published(&tx, &name).await? {
        Published::Here(collection) => HereOrMoved::Here((*collection).into()),
        Published::Moved(slug) => HereOrMoved::Moved(format!("/storefront/v1/collections/{slug}")),
    })
}

/// An id or a slug.
pub(super) fn name(text: &str) -> Option<Name> {
    text.parse().map(Name::Id).ok().or_else(|| text.parse().map(Name::Slug).ok())
}

impl From<collections::Collection> for Collection {
    fn from(collection: collections::Collection) -> Self {
        Self {
            id: collection.id.into(),
            slug: collection.slug,
            title: collection.title,
            description: collection.description,
            published_at: collection.published_at,
            seo: CollectionSeo { title: collection.seo.title, description: collection.seo.description },
            sort: collection.sort.into(),
            image: collection.image.and_then(CollectionPicture::of),
        }
    }
}

impl CollectionPicture {
    /// The picture, if there is something to show.
    fn of(image: collections::Image) -> Option<Self> {
        let picture = image.picture?;
        Some(Self {
            url: PictureUrl(picture.path()),
            alt: image.alt,
            width: picture.width,
            height: picture.height,
            focal_point: picture.focal_point.map(Into::into),
            sources: PictureSource::all(Some(&picture)),
        })
    }
}
