//! Validators of what shoppers read: every 200 to a GET carries an `ETag` of its bytes, and answers 304 to who has them.

use aws_lc_rs::digest::{SHA256, digest};
use salvo::{
    Depot, FlowCtrl, Request, Response, handler,
    http::{HeaderValue, Method, ResBody, StatusCode, header},
};

#[handler]
pub(super) async fn validate(req: &mut Request, depot: &mut Depot, res: &mut Response, ctrl: &mut FlowCtrl) {
    ctrl.call_next(req, depot, res).await;
    if req.method() != Method::GET || res.status_code.unwrap_or(StatusCode::OK) != StatusCode::OK {
        return;
    }
    let ResBody::Once(bytes) = &res.body else { return };
    let tag = match res.headers.get(header::ETAG) {
        Some(tag) => tag.clone(),
        None => tag_of(bytes),
    };
    let is_known = req.headers().get_all(header::IF_NONE_MATCH).iter().any(|header| matches(header, &tag));
    let headers = res.headers_mut();
    // Private: the same address answers differently by key, and a cart by who asks.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("Stoa-Publishable-Key, Authorization, Origin, Accept"));
    headers.insert(header::ETAG, tag);
    if is_known {
        res.status_code(StatusCode::NOT_MODIFIED);
        res.headers_mut().remove(header::CONTENT_TYPE);
        res.take_body();
    }
}

/// The validator of an answer's bytes.
pub(super) fn tag_of(bytes: &[u8]) -> HeaderValue {
    let tag = format!("\"{}\"", hex::encode(&digest(&SHA256, bytes).as_ref()[..12]));
    HeaderValue::from_str(&tag).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// Weak comparison, as RFC 9110 (13.1.2) wants it.
fn matches(header: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(text), Ok(tag)) = (header.to_str(), tag.to_str()) else { return false };
    text.split(',').map(str::trim).any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}
