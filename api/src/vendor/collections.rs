use chrono::{DateTime, Utc};
use commerce::{
    catalog::{
        Seo,
        collections::{self, CollectionChanges, NewCollection},
    },
    ids::{CollectionId, MediaId},
};
use salvo::{
    Router, Writer,
    oapi::{ToParameters, ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::Permission;

use super::collection_products;
use crate::{
    Problem, State,
    context::{Body, IfMatch, Once, Paging, PathId, Query, Replay, Vendor},
    json::{CollectionRule, CollectionSort, Created, Id, NoContent, Page, Patch, PictureSource, PictureUrl, Tagged},
};

pub(super) fn router() -> Router {
    let one = Router::with_path("{id}")
        .get(show)
        .patch(update)
        .delete(delete)
        .push(Router::with_path("publish").post(publish))
        .push(Router::with_path("unpublish").post(unpublish))
        .push(collection_products::router());
    Router::with_path("collections").get(list).post(create).push(one)
}

/// A list of products, chosen one by one or by a rule.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Collection {
    id: Id<CollectionId>,
    slug: String,
    title: String,
    /// HTML, safe to show.
    description: String,
    /// Null: its products are chosen one by one.
    rule: Option<CollectionRule>,
    sort: CollectionSort,
    status: CollectionStatus,
    published_at: Option<DateTime<Utc>>,
    seo: CollectionSeo,
    image: Option<CollectionImage>,
    /// Whether it holds exactly what its rule says; it does not for some seconds after the rule has changed.
    state: CollectionState,
    /// Also the `ETag`.
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Whether shoppers may see a collection.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum CollectionStatus {
    Draft,
    Published,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum CollectionState {
    /// All products are being asked.
    Settling,
    Settled,
}

/// What search engines and previews are told, where it differs from the title and the description.
#[derive(Debug, Serialize, ToSchema)]
struct CollectionSeo {
    title: Option<String>,
    description: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct CollectionImage {
    media_id: Id<MediaId>,
    /// Null while it is being made, or when it could not be.
    url: Option<PictureUrl>,
    alt: String,
    sources: Vec<PictureSource>,
}

/// A collection to be. It starts as a draft.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct CreateCollection {
    #[salvo(schema(min_length = 1, max_length = 255))]
    title: String,
    /// Suggested by the title when absent.
    #[salvo(schema(max_length = 120))]
    slug: Option<String>,
    /// HTML. Scripts, styles and unknown elements are removed.
    #[serde(default)]
    #[salvo(schema(max_length = 50000))]
    description: String,
    /// Absent: its products are chosen one by one. It stays what it is.
    rule: Option<CollectionRule>,
    /// `manual` when absent, or `newest` with a rule.
    sort: Option<CollectionSort>,
    #[serde(default)]
    seo: GiveCollectionSeo,
    image: Option<GiveCollectionImage>,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GiveCollectionSeo {
    #[salvo(schema(max_length = 255))]
    title: Option<String>,
    #[salvo(schema(max_length = 1000))]
    description: Option<String>,
}

/// One of the store's pictures.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GiveCollectionImage {
    media_id: Id<MediaId>,
    /// What it shows, for those who cannot see it.
    #[serde(default)]
    #[salvo(schema(max_length = 500))]
    alt: String,
}

/// Fields that are absent stay; `null` clears.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct ChangeCollection {
    #[salvo(schema(min_length = 1, max_length = 255))]
    title: Option<String>,
    /// The slug that it had leads shoppers on to this one.
    #[salvo(schema(min_length = 1, max_length = 120))]
    slug: Option<String>,
    #[salvo(schema(max_length = 50000))]
    description: Option<String>,
    /// All of it; only of a collection that has one.
    rule: Option<CollectionRule>,
    sort: Option<CollectionSort>,
    seo: Option<ChangeCollectionSeo>,
    #[serde(default)]
    image: Patch<GiveCollectionImage>,
}

/// Fields that are absent stay; `null` clears.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeCollectionSeo {
    #[serde(default)]
    title: Patch<String>,
    #[serde(default)]
    description: Patch<String>,
}

#[derive(Debug, Deserialize, ToParameters, garde::Validate)]
#[serde(deny_unknown_fields)]
#[salvo(parameters(default_parameter_in = Query))]
#[garde(allow_unvalidated)]
pub(super) struct CollectionPage {
    /// How many at most (100).
    #[salvo(parameter(minimum = 1, maximum = 100, default = 24))]
    pub limit: Option<u64>,
    /// `page.next` of the page before.
    pub after: Option<String>,
}

/// List the collections, the newest first.
#[endpoint]
async fn list(vendor: Vendor, page: Query<CollectionPage>) -> Result<Page<Collection>, Problem> {
    vendor.require(Permission::ReadProducts)?;
    let page = Paging::new(page.0.limit, page.0.after.as_deref())?.0;
    let tx = vendor.db.begin().await?;
    Ok(Page::of(collections::list(&tx, &page).await?))
}

/// Show a collection.
#[endpoint]
async fn show(vendor: Vendor, id: PathId<CollectionId>) -> Result<Tagged<Collection>, Problem> {
    vendor.require(Permission::ReadProducts)?;
    let tx = vendor.db.begin().await?;
    Ok(tagged(collections::find(&tx, id.0).await?))
}

/// Create a draft collection.
///
/// One with a rule holds the published products that fit it, from some seconds after on and at every moment since: a product that
/// changes joins or leaves with the change itself.
#[endpoint]
async fn create(vendor: Vendor, state: State, once: Once, body: Body<CreateCollection>) -> Result<Replay<Created<Collection>>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    if let Some(first) = once.first_answer(&tx).await? {
        return Ok(first);
    }
    let collection = collections::create(&tx, &state.clock, body.0.into()).await?;
    once.commit(tx, &state.clock, Created::at(format!("/vendor/v1/collections/{}", collection.id), collection.into())).await
}

/// Change a collection.
///
/// After another rule all products are asked in the background; until they were, `state` is `settling`.
#[endpoint]
async fn update(
    vendor: Vendor,
    state: State,
    id: PathId<CollectionId>,
    seen: IfMatch,
    body: Body<ChangeCollection>,
) -> Result<Tagged<Collection>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    let collection = collections::change(&tx, &state.clock, id.0, seen.version(), body.0.into()).await?;
    tx.commit().await?;
    Ok(tagged(collection))
}

/// Show a collection to shoppers.
///
/// Publishing what is published changes nothing.
#[endpoint]
async fn publish(vendor: Vendor, state: State, id: PathId<CollectionId>, seen: IfMatch) -> Result<Tagged<Collection>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    let collection = collections::publish(&tx, &state.clock, id.0, seen.version()).await?;
    tx.commit().await?;
    Ok(tagged(collection))
}

/// Take a collection back to draft.
#[endpoint]
async fn unpublish(vendor: Vendor, state: State, id: PathId<CollectionId>, seen: IfMatch) -> Result<Tagged<Collection>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    let collection = collections::unpublish(&tx, &state.clock, id.0, seen.version()).await?;
    tx.commit().await?;
    Ok(tagged(collection))
}

/// Delete a collection; its products stay.
#[endpoint]
async fn delete(vendor: Vendor, state: State, id: PathId<CollectionId>, seen: IfMatch) -> Result<NoContent, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    collections::delete(&tx, &state.clock, id.0, seen.version()).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// The collection with its version as `ETag`.
pub(super) fn tagged(collection: collections::Collection) -> Tagged<Collection> {
    Tagged { version: collection.version, body: collection.into() }
}

impl From<CreateCollection> for NewCollection {
    fn from(asked: CreateCollection) -> Self {
        let (media_id, image_alt) = asked.image.map_or((None, String::new()), |image| (Some(image.media_id.0), image.alt));
        Self {
            title: asked.title,
            slug: asked.slug,
            description: asked.description,
            rule: asked.rule.map(Into::into),
            sort: asked.sort.map(Into::into),
            seo: Seo { title: asked.seo.title, description: asked.seo.description },
            media_id,
            image_alt,
        }
    }
}

impl From<ChangeCollection> for CollectionChanges {
    fn from(asked: ChangeCollection) -> Self {
        let seo = asked.seo.unwrap_or_default();
        let (media_id, image_alt) = match asked.image {
            Patch::Absent => (None, None),
            Patch::Null => (Some(None), Some(String::new())),
            Patch::Value(image) => (Some(Some(image.media_id.0)), Some(image.alt)),
        };
        Self {
            title: asked.title,
            slug: asked.slug,
            description: asked.description,
            rule: asked.rule.map(Into::into),
            sort: asked.sort.map(Into::into),
            seo_title: seo.title.change(),
            seo_description: seo.description.change(),
            media_id,
            image_alt,
        }
    }
}

impl From<collections::Collection> for Collection {
    fn from(collection: collections::Collection) -> Self {
        let image = |image: collections::Image| CollectionImage {
            media_id: image.media_id.into(),
            url: image.picture.as_ref().map(|picture| PictureUrl(picture.path())),
            sources: PictureSource::all(image.picture.as_ref()),
            alt: image.alt,
        };
        Self {
            id: collection.id.into(),
            slug: collection.slug,
            title: collection.title,
            description: collection.description,
            rule: collection.rule.map(Into::into),
            sort: collection.sort.into(),
            status: match collection.status {
                collections::Status::Draft => CollectionStatus::Draft,
                collections::Status::Published => CollectionStatus::Published,
            },
            published_at: collection.published_at,
            seo: CollectionSeo { title: collection.seo.title, description: collection.seo.description },
            image: collection.image.map(image),
            state: if collection.is_settled { CollectionState::Settled } else { CollectionState::Settling },
            version: collection.version,
            created_at: collection.created_at,
            updated_at: collection.updated_at,
        }
    }
}
