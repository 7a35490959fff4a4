//! The pictures of a store, as rows.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use rust_decimal::Decimal;
use sea_orm::{DbErr, FromQueryResult, Value};
use tenancy::{TenantId, TenantTx};
use uuid::Uuid;

use super::{
    Error, MediaDeleted, MediaUploaded, Placed,
    picture::{Fallback, FocalPoint, Picture, name_hash},
};
use crate::{
    clock::Clock,
    fault::{FieldFault, violated},
    ids::MediaId,
    outbox,
    page::{Cursor, CursorError, Page, PageQuery},
    sql,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Kept; what is shown of it is being made.
    Uploaded,
    Ready,
    Failed,
}

#[derive(Clone, Debug)]
pub struct Media {
    pub id: MediaId,
    pub status: Status,
    /// Why nothing can be shown of it.
    pub failure: Option<String>,
    /// Of the original, as its content says.
    pub content_type: String,
    pub bytes: i64,
    pub width: u32,
    pub height: u32,
    pub focal_point: Option<FocalPoint>,
    /// As an actor is written.
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// None until it is ready.
    pub picture: Option<Picture>,
    pub(super) name_hash: String,
    pub(super) rendered: usize,
}

/// What a picture is to those who are about to show it; it stays so until their transaction ends.
#[derive(Clone, Debug)]
pub struct Held {
    pub picture: Option<Picture>,
    pub failure: Option<String>,
}

#[derive(FromQueryResult)]
struct Row {
    tenant_id: TenantId,
    id: MediaId,
    status: String,
    failure: Option<String>,
    content_type: String,
    bytes: i64,
    width: i32,
    height: i32,
    name_hash: String,
    rendered: i16,
    fallback: Option<String>,
    focal_x: Option<Decimal>,
    focal_y: Option<Decimal>,
    created_by: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

const COLUMNS: &str = "tenant_id, id, status, failure, content_type, bytes, width, height, name_hash, rendered, fallback, focal_x, focal_y,
  created_by, created_at, updated_at";

/// The row of an original that is kept. Equal bytes have one row: then it is that one, and one that had failed is tried anew.
///
/// # Errors
/// `Stopped` when the store had these bytes, and has forgotten them since.
pub async fn record(tx: &TenantTx, clock: &Clock, placed: &Placed, by: &str) -> Result<Media, Error> {
    let row = if placed.is_known { take_up(tx, clock, placed).await? } else { insert(tx, clock, placed, by).await? };
    let media = row.map(Media::from).ok_or(Error::Stopped)?;
    if media.status == Status::Uploaded {
        outbox::record(tx, clock, &MediaUploaded { media_id: media.id }).await?;
    }
    Ok(media)
}

async fn insert(tx: &TenantTx, clock: &Clock, placed: &Placed, by: &str) -> Result<Option<Row>, DbErr> {
    let text = format!(
        "INSERT INTO media AS m (tenant_id, id, kind, status, content_type, bytes, width, height, sha256, name_hash, created_by,
           unused_since, created_at, updated_at)
         VALUES ($1, $2, 'image', 'uploaded', $3, $4, $5, $6, $7, $8, $9, $10, $10, $10)
         ON CONFLICT (tenant_id, sha256) DO UPDATE SET {AGAIN}
         RETURNING {COLUMNS}"
    );
    let values: [Value; 10] = [
        tx.tenant().into(),
        placed.id.into(),
        placed.head.format.content_type().into(),
        placed.bytes.into(),
        i32::try_from(placed.head.width).unwrap_or(i32::MAX).into(),
        i32::try_from(placed.head.height).unwrap_or(i32::MAX).into(),
        placed.sha256.to_vec().into(),
        name_hash(&placed.sha256).into(),
        by.into(),
        clock.now().into(),
    ];
    sql::one(tx, &text, values).await
}

async fn take_up(tx: &TenantTx, clock: &Clock, placed: &Placed) -> Result<Option<Row>, DbErr> {
    let text = format!("UPDATE media AS m SET {} WHERE tenant_id = $1 AND id = $2 RETURNING {COLUMNS}", AGAIN.replace("$10", "$3"));
    sql::one(tx, &text, [tx.tenant().into(), placed.id.into(), clock.now().into()]).await
}

/// Another day for it to be shown, and another try at what had failed.
const AGAIN: &str = "updated_at = $10, unused_since = CASE WHEN m.unused_since IS NOT NULL THEN $10 END,
  status = CASE WHEN m.status = 'failed' THEN 'uploaded' ELSE m.status END, failure = NULL";

/// # Errors
/// `NotFound`.
pub async fn find(tx: &TenantTx, id: MediaId) -> Result<Media, Error> {
    let text = format!("SELECT {COLUMNS} FROM media WHERE tenant_id = $1 AND id = $2");
    let row: Option<Row> = sql::one(tx, &text, [tx.tenant().into(), id.into()]).await?;
    row.map(Media::from).ok_or(Error::NotFound(id))
}

pub(super) async fn find_same(tx: &TenantTx, sha256: &[u8; 32]) -> Result<Option<MediaId>, DbErr> {
    #[derive(FromQueryResult)]
    struct Same {
        id: MediaId,
    }
    let text = "SELECT id FROM media WHERE tenant_id = $1 AND sha256 = $2";
    let row: Option<Same> = sql::one(tx, text, [tx.tenant().into(), sha256.to_vec().into()]).await?;
    Ok(row.map(|same| same.id))
}

/// All pictures of the store, the newest first.
///
/// # Errors
/// `Cursor` when the page was not continued from this list.
pub async fn list(tx: &TenantTx, page: &PageQuery) -> Result<Page<Media>, Error> {
    let tenant = tx.tenant();
    let after = page.after.as_ref().map(|cursor| cursor.for_list(Some(tenant), "created_at")).transpose()?;
    let after_at = after.map(|cursor| cursor.key.parse::<DateTime<Utc>>().map_err(|_| CursorError)).transpose()?;
    let values: [Value; 4] = [tenant.into(), (page.limit.cast_signed() + 1).into(), after_at.into(), after.map(|cursor| cursor.id).into()];
    let text = format!(
        "SELECT {COLUMNS} FROM media WHERE tenant_id = $1
           AND (created_at, id) < (coalesce($3::timestamptz, 'infinity'), coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
         ORDER BY created_at DESC, id DESC LIMIT $2"
    );
    let rows: Vec<Row> = sql::all(tx, &text, values).await?;
    let page = Page::of(rows, page.limit, |row| {
        let key = row.created_at.to_rfc3339_opts(SecondsFormat::Micros, true);
        Cursor::new(Some(tenant), "created_at", key, row.id.uuid())
    });
    Ok(page.map(Media::from))
}

/// The pictures that somebody is about to show, as they are; until the transaction ends none of them changes or goes. Those that are
/// not there are not answered.
///
/// # Errors
/// Postgres is away.
pub async fn hold(tx: &TenantTx, ids: &[MediaId]) -> Result<HashMap<MediaId, Held>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let text = format!("SELECT {COLUMNS} FROM media WHERE tenant_id = $1 AND id = ANY ($2) ORDER BY id FOR SHARE");
    let rows: Vec<Row> = sql::all(tx, &text, [tx.tenant().into(), ids.into()]).await?;
    let held = |media: Media| (media.id, Held { picture: media.picture, failure: media.failure });
    Ok(rows.into_iter().map(Media::from).map(held).collect())
}

/// What is shown of these pictures, as far as it is ready.
///
/// # Errors
/// Postgres is away.
pub async fn pictures(tx: &TenantTx, ids: &[MediaId]) -> Result<HashMap<MediaId, Picture>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let text = format!("SELECT {COLUMNS} FROM media WHERE tenant_id = $1 AND id = ANY ($2)");
    let rows: Vec<Row> = sql::all(tx, &text, [tx.tenant().into(), ids.into()]).await?;
    Ok(rows.into_iter().map(Media::from).filter_map(|media| Some((media.id, media.picture?))).collect())
}

/// Says what of a picture must stay in sight; none: its middle, or whatever a storefront thinks best.
///
/// # Errors
/// `NotFound`; `Invalid` outside 0 to 1.
pub async fn change_focal_point(tx: &TenantTx, clock: &Clock, id: MediaId, point: Option<FocalPoint>) -> Result<Media, Error> {
    let point = point.map(|point| FocalPoint { x: point.x.round_dp(3), y: point.y.round_dp(3) });
    for (pointer, part) in point.iter().flat_map(|point| [("/focal_point/x", point.x), ("/focal_point/y", point.y)]) {
        if !(Decimal::ZERO..=Decimal::ONE).contains(&part) {
            return Err(FieldFault::new(pointer, "range", "must be between 0 and 1").into());
        }
    }
    let text = format!("UPDATE media SET focal_x = $3, focal_y = $4, updated_at = $5 WHERE tenant_id = $1 AND id = $2 RETURNING {COLUMNS}");
    let (x, y) = (point.map(|point| point.x), point.map(|point| point.y));
    let values: [Value; 5] = [tx.tenant().into(), id.into(), x.into(), y.into(), clock.now().into()];
    let row: Option<Row> = sql::one(tx, &text, values).await?;
    row.map(Media::from).ok_or(Error::NotFound(id))
}

/// Deletes a picture that nothing shows.
///
/// # Errors
/// `NotFound`, `InUse`.
pub async fn delete(tx: &TenantTx, clock: &Clock, id: MediaId) -> Result<(), Error> {
    let text = "DELETE FROM media WHERE tenant_id = $1 AND id = $2";
    let deleted = sql::run(tx, text, [tx.tenant().into(), id.into()]).await;
    let is_shown = |error: &DbErr| matches!(violated(error).as_deref(), Some("product_images_media_id_fkey" | "collections_media_id_fkey"));
    if deleted.map_err(|error| if is_shown(&error) { Error::InUse } else { error.into() })? == 0 {
        return Err(Error::NotFound(id));
    }
    Ok(outbox::record(tx, clock, &MediaDeleted { media_id: id }).await?)
}

impl From<Row> for Media {
    fn from(row: Row) -> Self {
        let size = |side: i32| u32::try_from(side).unwrap_or_default();
        let (width, height) = (size(row.width), size(row.height));
        let focal_point = row.focal_x.zip(row.focal_y).map(|(x, y)| FocalPoint { x, y });
        let status = match row.status.as_str() {
            "ready" => Status::Ready,
            "failed" => Status::Failed,
            _ => Status::Uploaded,
        };
        let fallback = if row.fallback.as_deref() == Some("png") { Fallback::Png } else { Fallback::Jpg };
        let picture = || Picture::new((row.tenant_id, row.id, &row.name_hash), (width, height), fallback, focal_point);
        Self {
            id: row.id,
            status,
            failure: row.failure,
            content_type: row.content_type,
            bytes: row.bytes,
            width,
            height,
            focal_point,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
            picture: (status == Status::Ready).then(picture),
            rendered: usize::try_from(row.rendered).unwrap_or_default(),
            name_hash: row.name_hash,
        }
    }
}
