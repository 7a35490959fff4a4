//! `/media/…`: what is shown of pictures, to everybody. Their addresses are not to be guessed (a store's and a picture's id, and a hash
//! of what it shows), and what one shows never changes: whoever has it need not ask again. A content delivery network may stand before
//! this, or before the bucket itself: the path is the key.

use commerce::{
    ids::MediaId,
    media::{self, Encoding},
};
use futures::TryStreamExt;
use salvo::{
    Request, Response, Router, Writer, handler,
    http::{HeaderValue, StatusCode, header},
};
use tenancy::{DirectoryError, TenantId, TenantStatus};
use uuid::Uuid;

use crate::{Problem, State};

const UNCHANGING: &str = "public, max-age=31536000, immutable";
/// Should a picture ever be taken for a page, that page may do nothing.
const NO_PAGE: &str = "sandbox; default-src 'none'";

pub(crate) fn router() -> Router {
    Router::with_path("media/{store}/{picture}/{name}").get(show)
}

/// What an address names.
struct Asked {
    store: TenantId,
    picture: MediaId,
    name: String,
    encoding: Encoding,
}

#[handler]
async fn show(req: &mut Request, res: &mut Response, state: State) -> Result<(), Problem> {
    let asked = Asked::by(req).ok_or_else(absent)?;
    match state.directory.by_id(asked.store).await {
        Ok(store) if store.status == TenantStatus::Active => {}
        Ok(_) | Err(DirectoryError::Unknown) => return Err(absent()),
        Err(DirectoryError::Database(error)) => return Err(Problem::unavailable(error)),
    }
    let found = state.objects.shown((asked.store, asked.picture), &asked.name).await.map_err(Problem::unavailable)?.ok_or_else(absent)?;
    let tag = format!("\"{}\"", asked.name);
    let has_it = req.headers().get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let has_it = has_it.flat_map(|tags| tags.split(',')).any(|known| known.trim().trim_start_matches("W/") == tag);
    describe(res, &asked, &tag);
    if has_it {
        res.status_code(StatusCode::NOT_MODIFIED);
        return Ok(());
    }
    res.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(asked.encoding.content_type()));
    res.headers_mut().insert(header::CONTENT_LENGTH, found.meta.size.into());
    res.stream(found.into_stream().map_err(std::io::Error::other));
    Ok(())
}

fn describe(res: &mut Response, asked: &Asked, tag: &str) {
    let headers = res.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(UNCHANGING));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(NO_PAGE));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let file = format!("inline; filename=\"{}\"", asked.name);
    for (name, value) in [(header::ETAG, tag), (header::CONTENT_DISPOSITION, &file)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
}

impl Asked {
    fn by(req: &Request) -> Option<Self> {
        let part = |name: &str| req.param::<String>(name);
        // Letter by letter as we write it: one picture has one address.
        let id = |name: &str| part(name).and_then(|text| text.parse::<Uuid>().ok().filter(|id| id.to_string() == text));
        let (store, picture, name) = (id("store")?, id("picture")?, part("name")?);
        let encoding = media::encoding_named(&name)?;
        Some(Self { store: TenantId::from_uuid(store), picture: MediaId::from_uuid(picture), name, encoding })
    }
}

fn absent() -> Problem {
    Problem::not_found("media.not_found", "there is no such picture")
}
