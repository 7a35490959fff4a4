//! Collections as shoppers see them.

use chrono::{DateTime, SecondsFormat, Utc};
use sea_orm::{ColumnTrait, Condition, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Value};
use tenancy::TenantTx;

use super::{
    super::{Error, entity::collection, listing::Sort, old_slugs},
    Collection, Status, whole,
};
use crate::{
    ids::CollectionId,
    page::{Cursor, CursorError, Page, PageQuery},
    sql,
    text::Slug,
};

/// How a shopper names a collection.
#[derive(Clone, Debug)]
pub enum Name {
    Id(CollectionId),
    Slug(Slug),
}

/// What a shopper finds under a name.
#[derive(Clone, Debug)]
pub enum Published {
    Here(Box<Collection>),
    /// The name is a slug that the collection had; this is the one that it has.
    Moved(String),
}

/// What shoppers may see, the last published first.
///
/// # Errors
/// `Cursor` when the page was not continued from this list.
pub async fn list_published(tx: &TenantTx, page: &PageQuery) -> Result<Page<Collection>, Error> {
    let tenant = tx.tenant();
    let all = collection::Entity::find().filter(collection::Column::TenantId.eq(tenant));
    let mut found = all.filter(collection::Column::Status.eq(Status::Published));
    if let Some(cursor) = &page.after {
        let cursor = cursor.for_list(Some(tenant), "published")?;
        let at: DateTime<Utc> = cursor.key.parse().map_err(|_| CursorError)?;
        let same = Condition::all().add(collection::Column::PublishedAt.eq(at)).add(collection::Column::Id.lt(cursor.id));
        found = found.filter(Condition::any().add(collection::Column::PublishedAt.lt(at)).add(same));
    }
    let by_time = found.order_by_desc(collection::Column::PublishedAt).order_by_desc(collection::Column::Id);
    let rows = by_time.limit(page.limit + 1).all(tx).await?;
    let page = Page::of(rows, page.limit, |row| {
        let key = row.published_at.unwrap_or_default().to_rfc3339_opts(SecondsFormat::Micros, true);
        Cursor::new(Some(tenant), "published", key, row.id.uuid())
    });
    Ok(Page { data: whole(tx, page.data).await?, next: page.next })
}

/// The collection as shoppers may see it. Drafts are absent.
///
/// # Errors
/// `NameNotFound`.
pub async fn find_published(tx: &TenantTx, name: &Name) -> Result<Published, Error> {
    let shown = collection::Entity::find()
        .filter(collection::Column::TenantId.eq(tx.tenant()))
        .filter(collection::Column::Status.eq(Status::Published));
    let found = match name {
        Name::Id(id) => shown.filter(collection::Column::Id.eq(*id)),
        Name::Slug(slug) => shown.filter(collection::Column::Slug.eq(slug.as_str())),
    };
    if let Some(row) = found.one(tx).await? {
        let collection = whole(tx, vec![row]).await?.pop();
        return collection.map(|one| Published::Here(Box::new(one))).ok_or_else(|| name.absent());
    }
    match name {
        Name::Id(_) => Err(name.absent()),
        Name::Slug(slug) => old_slugs::COLLECTIONS.successor(tx, slug).await?.map(Published::Moved).ok_or_else(|| name.absent()),
    }
}

/// The shelf of a published collection and the order in which it is shown; none: there is no such collection.
///
/// # Errors
/// Postgres is away.
pub async fn shelf(tx: &TenantTx, name: &Name) -> Result<Option<(CollectionId, Sort)>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        id: CollectionId,
        sort: String,
    }
    let (condition, key): (_, Value) = match name {
        Name::Id(id) => ("id = $2", (*id).into()),
        Name::Slug(slug) => ("slug = $2", slug.as_str().into()),
    };
    let text = format!("SELECT id, sort FROM collections WHERE tenant_id = $1 AND status = 'published' AND {condition}");
    let row: Option<Row> = sql::one(tx, &text, [tx.tenant().into(), key]).await?;
    Ok(row.map(|row| (row.id, Sort::of_word(&row.sort))))
}

impl Name {
    fn absent(&self) -> Error {
        let name = match self {
            Self::Id(id) => id.to_string(),
            Self::Slug(slug) => slug.to_string(),
        };
        Error::NameNotFound("collection", name)
    }
}
