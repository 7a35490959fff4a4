//! Collections: lists of products that a store's people choose one by one, or by a rule.
//!
//! Promises
//! - A collection is a shelf ([`super::listing`]): a page of it costs what a page of a category costs, however large the store.
//! - A rule is asked in the transaction of every change to a product, so its shelf is never behind the product. Only what comes from
//!   outside the product is followed by a job, within seconds: the rule itself, stock that runs out or comes back, a type's attributes.
//! - A job walks all products after the rule has changed, in batches, each in one transaction with its progress: a kill at any point
//!   loses and repeats nothing. Until it has ended, the collection says that it is not settled.
//! - A slug that a published collection had leads to it, until another collection takes the slug.

mod members;
mod published;
pub(super) mod rule;
mod settle;

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Value};
use tenancy::TenantTx;

pub use super::entity::collection::{Kind, Status};
use super::{
    Error, Seo, description,
    entity::collection::{self, Model},
    events::{CollectionChanged, CollectionDeleted},
    listing::Sort,
    new_product::{self, Faults},
    old_slugs,
};
use crate::{
    clock::Clock,
    ids::{CollectionId, MediaId},
    media::{self, Picture},
    outbox,
    page::{Cursor, Page, PageQuery},
    sql,
};
pub use members::{MOST_MEMBERS, Member, members, place, set, take_out};
pub use published::{Name, Published, find_published, list_published, shelf};
pub use rule::{Condition, Field, Fits, MOST_CONDITIONS, Rule};
pub(super) use settle::unsettle;
pub use settle::{Settled, clear_shelf, settle_step, shelve};

const MOST_COLLECTIONS: i64 = 1000;
/// Each is asked of every product that changes.
const MOST_RULES: i64 = 100;

#[derive(Clone, Debug)]
pub struct Collection {
    pub id: CollectionId,
    pub slug: String,
    pub title: String,
    /// HTML, made safe.
    pub description: String,
    /// None: it is chosen by hand.
    pub rule: Option<Rule>,
    pub sort: Sort,
    pub status: Status,
    pub published_at: Option<DateTime<Utc>>,
    pub seo: Seo,
    pub image: Option<Image>,
    /// Whether its shelf holds what its rule says.
    pub is_settled: bool,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Debug)]
pub struct Image {
    pub media_id: MediaId,
    /// None while it is being made, or when it could not be.
    pub picture: Option<Picture>,
    pub alt: String,
}

#[derive(Clone, Debug, Default)]
pub struct NewCollection {
    pub title: String,
    /// Suggested by the title when absent.
    pub slug: Option<String>,
    /// HTML; made safe before it is kept.
    pub description: String,
    /// None: it is chosen by hand.
    pub rule: Option<Rule>,
    /// By hand: `Manual` when absent; by a rule: `Newest`.
    pub sort: Option<Sort>,
    pub seo: Seo,
    pub media_id: Option<MediaId>,
    pub image_alt: String,
}

/// What a vendor may change about a collection. Absent fields stay; `Some(None)` clears.
#[derive(Clone, Debug, Default)]
pub struct CollectionChanges {
    pub title: Option<String>,
    pub slug: Option<String>,
    pub description: Option<String>,
    /// Of one that is made by a rule.
    pub rule: Option<Rule>,
    pub sort: Option<Sort>,
    pub seo_title: Option<Option<String>>,
    pub seo_description: Option<Option<String>>,
    pub media_id: Option<Option<MediaId>>,
    pub image_alt: Option<String>,
}

/// The collection with this id, whatever its status: for the store's own people.
///
/// # Errors
/// `CollectionNotFound`.
pub async fn find(tx: &TenantTx, id: CollectionId) -> Result<Collection, Error> {
    let row = collection::Entity::find_by_id((tx.tenant(), id)).one(tx).await?.ok_or(Error::CollectionNotFound(id))?;
    whole(tx, vec![row]).await?.pop().ok_or(Error::CollectionNotFound(id))
}

/// The store's collections, the newest first.
///
/// # Errors
/// `Cursor` when the page was not continued from this list.
pub async fn list(tx: &TenantTx, page: &PageQuery) -> Result<Page<Collection>, Error> {
    let tenant = tx.tenant();
    let mut found = collection::Entity::find().filter(collection::Column::TenantId.eq(tenant));
    if let Some(cursor) = &page.after {
        found = found.filter(collection::Column::Id.lt(cursor.for_list(Some(tenant), "collections")?.id));
    }
    let rows = found.order_by_desc(collection::Column::Id).limit(page.limit + 1).all(tx).await?;
    let page = Page::of(rows, page.limit, |row| Cursor::new(Some(tenant), "collections", "", row.id.uuid()));
    Ok(Page { data: whole(tx, page.data).await?, next: page.next })
}

/// Makes a draft. One that is made by a rule is settled by a job.
///
/// # Errors
/// `Invalid` names every wrong field; `SlugTaken`.
pub async fn create(tx: &TenantTx, clock: &Clock, new: NewCollection) -> Result<Collection, Error> {
    let mut faults = Faults::default();
    let title = faults.line("/title", &new.title, 255);
    let slug = faults.slug("/slug", new.slug.as_deref(), &title);
    let description = faults.take(description::clean("/description", &new.description));
    let seo_title = faults.optional("/seo/title", new.seo.title.as_deref(), new_product::MOST_SEO_TITLE);
    let seo_description = faults.prose("/seo/description", new.seo.description.as_deref(), new_product::MOST_SEO_DESCRIPTION);
    let alt = faults.prose("/image/alt", Some(&new.image_alt), 500).unwrap_or_default();
    let sort = new.sort.unwrap_or(if new.rule.is_some() { Sort::Newest } else { Sort::Manual });
    sort_fits(&mut faults, sort, new.rule.is_some());
    faults.done(())?;
    hold_picture(tx, new.media_id).await?;
    room(tx, new.rule.is_some()).await?;
    let conditions = match &new.rule {
        Some(rule) => rule::keep(tx, rule).await?,
        None => serde_json::Value::Array(Vec::new()),
    };
    let id = CollectionId::new();
    let text = "INSERT INTO collections (tenant_id, id, slug, title, description, kind, fits, conditions, sort, status, seo_title,
                  seo_description, media_id, image_alt, is_settled, created_at, updated_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'draft', $10, $11, $12, $13, $14, $15, $15)";
    let values: [Value; 15] = [
        tx.tenant().into(),
        id.into(),
        slug.as_str().into(),
        title.into(),
        description.into(),
        if new.rule.is_some() { "rule" } else { "curated" }.into(),
        new.rule.as_ref().map_or(Fits::All, |rule| rule.fits).as_str().into(),
        conditions.into(),
        sort.as_str().into(),
        seo_title.into(),
        seo_description.into(),
        new.media_id.map(MediaId::uuid).into(),
        alt.into(),
        new.rule.is_none().into(),
        clock.now().into(),
    ];
    sql::run(tx, text, values).await?;
    old_slugs::COLLECTIONS.take(tx, &slug).await?;
    told(tx, clock, id).await
}

/// Changes a collection. Another rule is settled by a job; the slug that it had leads on to it.
///
/// # Errors
/// `CollectionNotFound`, `VersionMoved`, `SlugTaken`, `Invalid`.
pub async fn change(
    tx: &TenantTx,
    clock: &Clock,
    id: CollectionId,
    expected: Option<i64>,
    changes: CollectionChanges,
) -> Result<Collection, Error> {
    begin(tx, clock, id, expected).await?;
    let before = find(tx, id).await?;
    let mut faults = Faults::default();
    let title = changes.title.as_deref().map(|title| faults.line("/title", title, 255));
    let slug = changes.slug.as_deref().map(|slug| faults.slug("/slug", Some(slug), ""));
    let description = changes.description.as_deref().map(|html| faults.take(description::clean("/description", html)));
    let seo_title = changes.seo_title.as_ref().map(|title| faults.optional("/seo/title", title.as_deref(), new_product::MOST_SEO_TITLE));
    let seo_description =
        changes.seo_description.as_ref().map(|text| faults.prose("/seo/description", text.as_deref(), new_product::MOST_SEO_DESCRIPTION));
    let alt = changes.image_alt.as_deref().map(|alt| faults.prose("/image/alt", Some(alt), 500).unwrap_or_default());
    if changes.rule.is_some() && before.rule.is_none() {
        faults.add("/rule", "curated", "the collection is chosen by hand: make another one for a rule");
    }
    sort_fits(&mut faults, changes.sort.unwrap_or(before.sort), before.rule.is_some());
    faults.done(())?;
    hold_picture(tx, changes.media_id.flatten()).await?;
    let rule = changes.rule.filter(|rule| before.rule.as_ref() != Some(rule));
    let conditions = match &rule {
        Some(rule) => Some(rule::keep(tx, rule).await?),
        None => None,
    };
    let text = "UPDATE collections SET title = coalesce($3, title), description = coalesce($4, description), sort = coalesce($5, sort),
                  seo_title = CASE WHEN $6 THEN $7 ELSE seo_title END, seo_description = CASE WHEN $8 THEN $9 ELSE seo_description END,
                  media_id = CASE WHEN $10 THEN $11 ELSE media_id END, image_alt = coalesce($12, image_alt),
                  conditions = coalesce($13, conditions), fits = coalesce($14, fits), is_settled = is_settled AND $13 IS NULL,
                  settled_to = CASE WHEN $13 IS NULL THEN settled_to END
                WHERE tenant_id = $1 AND id = $2";
    let values: [Value; 14] = [
        tx.tenant().into(),
        id.into(),
        title.into(),
        description.into(),
        changes.sort.map(|sort| sort.as_str().to_owned()).into(),
        seo_title.is_some().into(),
        seo_title.flatten().into(),
        seo_description.is_some().into(),
        seo_description.flatten().into(),
        changes.media_id.is_some().into(),
        changes.media_id.flatten().map(MediaId::uuid).into(),
        alt.into(),
        conditions.into(),
        rule.map(|rule| rule.fits.as_str().to_owned()).into(),
    ];
    sql::run(tx, text, values).await?;
    if let Some(slug) = &slug {
        old_slugs::COLLECTIONS.replace(tx, clock, id.uuid(), slug).await?;
    }
    told(tx, clock, id).await
}

/// Shows a collection to shoppers. Publishing what is published changes nothing.
///
/// # Errors
/// `CollectionNotFound`, `VersionMoved`.
pub async fn publish(tx: &TenantTx, clock: &Clock, id: CollectionId, expected: Option<i64>) -> Result<Collection, Error> {
    turn(tx, clock, id, expected, "published").await
}

/// Takes a collection back to draft.
///
/// # Errors
/// `CollectionNotFound`, `VersionMoved`.
pub async fn unpublish(tx: &TenantTx, clock: &Clock, id: CollectionId, expected: Option<i64>) -> Result<Collection, Error> {
    turn(tx, clock, id, expected, "draft").await
}

async fn turn(tx: &TenantTx, clock: &Clock, id: CollectionId, expected: Option<i64>, status: &str) -> Result<Collection, Error> {
    let text = "UPDATE collections SET status = $3, version = version + 1, updated_at = $4,
                  published_at = CASE WHEN $3 = 'published' THEN coalesce(published_at, $4) ELSE published_at END
                WHERE tenant_id = $1 AND id = $2 AND status <> $3 AND ($5::bigint IS NULL OR version = $5)";
    let values = [tx.tenant().into(), id.into(), status.into(), clock.now().into(), expected.into()];
    if sql::run(tx, text, values).await? == 0 {
        let collection = find(tx, id).await?;
        return match expected {
            Some(expected) if expected != collection.version => Err(Error::VersionMoved { expected, actual: collection.version }),
            _ => Ok(collection),
        };
    }
    told(tx, clock, id).await
}

/// Removes a collection; its products stay. A job clears its shelf.
///
/// # Errors
/// `CollectionNotFound`, `VersionMoved`.
pub async fn delete(tx: &TenantTx, clock: &Clock, id: CollectionId, expected: Option<i64>) -> Result<(), Error> {
    begin(tx, clock, id, expected).await?;
    sql::run(tx, "DELETE FROM collections WHERE tenant_id = $1 AND id = $2", [tx.tenant().into(), id.into()]).await?;
    Ok(outbox::record(tx, clock, &CollectionDeleted { collection_id: id }).await?)
}

/// Takes the collection's row and counts its version on.
///
/// # Errors
/// `CollectionNotFound`; `VersionMoved` when the caller's copy (`expected`) is old.
async fn begin(tx: &TenantTx, clock: &Clock, id: CollectionId, expected: Option<i64>) -> Result<(), Error> {
    let text = "UPDATE collections SET version = version + 1, updated_at = $3
                WHERE tenant_id = $1 AND id = $2 AND ($4::bigint IS NULL OR version = $4)";
    if sql::run(tx, text, [tx.tenant().into(), id.into(), clock.now().into(), expected.into()]).await? > 0 {
        return Ok(());
    }
    let actual = find(tx, id).await?.version;
    Err(expected.map_or(Error::CollectionNotFound(id), |expected| Error::VersionMoved { expected, actual }))
}

async fn told(tx: &TenantTx, clock: &Clock, id: CollectionId) -> Result<Collection, Error> {
    outbox::record(tx, clock, &CollectionChanged { collection_id: id }).await?;
    find(tx, id).await
}

fn sort_fits(faults: &mut Faults, sort: Sort, has_rule: bool) {
    if sort == Sort::Manual && has_rule {
        faults.add("/sort", "manual", "what a rule chooses has no order by hand");
    }
}

async fn hold_picture(tx: &TenantTx, id: Option<MediaId>) -> Result<(), Error> {
    let ids: Vec<MediaId> = id.into_iter().collect();
    if media::hold(tx, &ids).await?.len() == ids.len() {
        Ok(())
    } else {
        Err(Error::at("/image/media_id", "unknown", "names a picture that does not exist"))
    }
}

async fn room(tx: &TenantTx, has_rule: bool) -> Result<(), Error> {
    #[derive(FromQueryResult)]
    struct Row {
        all: i64,
        by_rule: i64,
    }
    let text = "SELECT count(*) AS all, count(*) FILTER (WHERE kind = 'rule') AS by_rule FROM collections WHERE tenant_id = $1";
    let row: Option<Row> = sql::one(tx, text, [tx.tenant().into()]).await?;
    match row {
        Some(row) if row.all >= MOST_COLLECTIONS => {
            Err(Error::at("/title", "too_many", format!("a store has at most {MOST_COLLECTIONS} collections")))
        }
        Some(row) if has_rule && row.by_rule >= MOST_RULES => {
            Err(Error::at("/rule", "too_many", format!("a store has at most {MOST_RULES} collections that are made by a rule")))
        }
        _ => Ok(()),
    }
}

/// The collections with their pictures, in one statement more where there are any.
async fn whole(tx: &TenantTx, rows: Vec<Model>) -> Result<Vec<Collection>, Error> {
    let ids: Vec<MediaId> = rows.iter().filter_map(|row| row.media_id).collect();
    let pictures = media::pictures(tx, &ids).await?;
    let collection = |row: Model| {
        let rule = match row.kind {
            Kind::Curated => None,
            Kind::Rule => {
                let fits = if row.fits == "any" { Fits::Any } else { Fits::All };
                Some(Rule { fits, conditions: rule::shown(&row.conditions)? })
            }
        };
        let image = row.media_id.map(|media_id| Image { media_id, picture: pictures.get(&media_id).cloned(), alt: row.image_alt });
        Ok(Collection {
            id: row.id,
            slug: row.slug,
            title: row.title,
            description: row.description,
            rule,
            sort: Sort::of_word(&row.sort),
            status: row.status,
            published_at: row.published_at,
            seo: Seo { title: row.seo_title, description: row.seo_description },
            image,
            is_settled: row.is_settled,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    };
    rows.into_iter().map(collection).collect()
}
