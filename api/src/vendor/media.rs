use chrono::{DateTime, Utc};
use commerce::{
    catalog::images,
    ids::MediaId,
    media::{self, Picture},
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::Permission;

use crate::{
    Problem, State,
    context::{Body, Once, Paging, PathId, Replay, Upload, Vendor},
    json::{Created, FocalPoint, Id, Json, NoContent, Page, Patch, PictureSource, PictureUrl},
};

pub(super) fn router() -> Router {
    let one = Router::with_path("{id}").get(show).patch(update).delete(delete);
    Router::with_path("media").get(list).post(create).push(one)
}

/// A picture of the store. Products show it by its id.
#[derive(Debug, Serialize, ToSchema)]
struct Media {
    id: Id<MediaId>,
    status: MediaStatus,
    /// Why nothing can be shown of it.
    failure: Option<String>,
    /// Of the file that was sent, as its content says. That file is kept and never shown; what is shown is made from it, without
    /// whatever else it held.
    content_type: String,
    bytes: i64,
    /// Of the upright picture.
    width: u32,
    height: u32,
    focal_point: Option<FocalPoint>,
    /// What every browser can show; null until it is ready.
    url: Option<PictureUrl>,
    /// All its files: AVIF, WebP, and JPEG or (where it can be seen through) PNG; none is wider than the picture.
    sources: Vec<PictureSource>,
    /// `account:acct_…`, `key:key_…`; `system`: fetched from an address that a product named.
    created_by: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum MediaStatus {
    /// What is shown of it is being made.
    Uploaded,
    Ready,
    Failed,
}

/// Fields that are absent stay; `null` clears.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct ChangeMedia {
    #[serde(default)]
    focal_point: Patch<FocalPoint>,
}

/// Upload a picture: the file itself as the body, or `{"url": …}`, from where it is fetched at once.
///
/// JPEG, PNG, WebP and GIF (of an animation its first picture), as the content says and not the `Content-Type`; SVG is refused. Equal
/// bytes are kept once: then the answer is the picture that is there. What is shown is made in the background; follow it by `GET`. A
/// picture that nothing shows is deleted after a day.
#[endpoint]
async fn create(vendor: Vendor, state: State, upload: Upload, once: Once) -> Result<Replay<Created<Media>>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    if let Some(first) = once.first_answer(&tx).await? {
        return Ok(first);
    }
    tx.commit().await?;
    let placed = media::place(&vendor.db, &state.objects, upload.original(&state).await?).await?;
    let tx = vendor.db.begin().await?;
    // Asked again: the same request may have come twice while the file was on its way.
    if let Some(first) = once.first_answer(&tx).await? {
        return Ok(first);
    }
    let media = media::record(&tx, &state.clock, &placed, &vendor.actor.to_string()).await?;
    once.commit(tx, &state.clock, Created::at(format!("/vendor/v1/media/{}", media.id), media.into())).await
}

/// List the pictures, the newest first.
#[endpoint]
async fn list(vendor: Vendor, paging: Paging) -> Result<Page<Media>, Problem> {
    vendor.require(Permission::ReadProducts)?;
    let tx = vendor.db.begin().await?;
    Ok(Page::of(media::list(&tx, &paging.0).await?))
}

/// Show a picture and how far it is.
#[endpoint]
async fn show(vendor: Vendor, id: PathId<MediaId>) -> Result<Json<Media>, Problem> {
    vendor.require(Permission::ReadProducts)?;
    let tx = vendor.db.begin().await?;
    Ok(Json(media::find(&tx, id.0).await?.into()))
}

/// Say what of a picture must stay in sight.
///
/// Every product that shows the picture shows it so.
#[endpoint]
async fn update(vendor: Vendor, state: State, id: PathId<MediaId>, body: Body<ChangeMedia>) -> Result<Json<Media>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    let media = match body.0.focal_point {
        Patch::Absent => media::find(&tx, id.0).await?,
        Patch::Null => media::change_focal_point(&tx, &state.clock, id.0, None).await?,
        Patch::Value(point) => media::change_focal_point(&tx, &state.clock, id.0, media::FocalPoint::new(point.x, point.y)).await?,
    };
    images::show(&tx, &state.clock, id.0).await?;
    tx.commit().await?;
    Ok(Json(media.into()))
}

/// Delete a picture that no product shows.
#[endpoint]
async fn delete(vendor: Vendor, state: State, id: PathId<MediaId>) -> Result<NoContent, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    media::delete(&tx, &state.clock, id.0).await?;
    tx.commit().await?;
    Ok(NoContent)
}

impl From<media::Media> for Media {
    fn from(media: media::Media) -> Self {
        let status = match media.status {
            media::Status::Uploaded => MediaStatus::Uploaded,
            media::Status::Ready => MediaStatus::Ready,
            media::Status::Failed => MediaStatus::Failed,
        };
        Self {
            id: media.id.into(),
            status,
            failure: media.failure,
            content_type: media.content_type,
            bytes: media.bytes,
            width: media.width,
            height: media.height,
            focal_point: media.focal_point.map(Into::into),
            url: media.picture.as_ref().map(Picture::path).map(PictureUrl),
            sources: PictureSource::all(media.picture.as_ref()),
            created_by: media.created_by,
            created_at: media.created_at,
            updated_at: media.updated_at,
        }
    }
}
