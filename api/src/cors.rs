//! From which pages a browser may call a storefront (CORS), store by store.
//!
//! A page of one of the store's own hosts may, and so may a page that sends a publishable key which is meant for it: one that
//! names the page's origin, or names none. Nobody else reads an answer. No cookies exist here and no other credential that a
//! browser would send by itself, so `Access-Control-Allow-Credentials` is never said. A preflight carries no key but says that one
//! will come: the request that follows decides then.

use salvo::{
    Depot, FlowCtrl, Request, Response, handler,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
};

use crate::{
    State,
    context::{KEY_HEADER, publishable_key, state, store_on_host},
};

const METHODS: &str = "GET, POST, PUT, PATCH, DELETE";
const ALLOWED: &str = "content-type, authorization, stoa-publishable-key, idempotency-key, if-match, if-none-match, traceparent";
const EXPOSED: &str = "etag, location, retry-after, ratelimit, ratelimit-policy, x-request-id, idempotent-replayed";
const PREFLIGHT_KEPT_SECONDS: &str = "600";

/// Tells browsers whether the page that asks may read the answer, a refusal included.
#[handler]
pub(crate) async fn pages_allowed(req: &mut Request, depot: &mut Depot, res: &mut Response, ctrl: &mut FlowCtrl) {
    let origin = req.headers().get(header::ORIGIN).cloned();
    let allowed = match (&origin, state(depot)) {
        (Some(origin), Ok(state)) if is_allowed(req, origin, state).await => Some(origin.clone()),
        _ => None,
    };
    if is_preflight(req) {
        answer_preflight(res, allowed.is_some());
        ctrl.skip_rest();
    } else {
        ctrl.call_next(req, depot, res).await;
    }
    let headers = res.headers_mut();
    if let Some(origin) = allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
    // An answer to one page is none to another, wherever it is kept.
    headers.entry(header::VARY).or_insert(HeaderValue::from_static("Origin"));
}

fn is_preflight(req: &Request) -> bool {
    req.method() == Method::OPTIONS && req.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn answer_preflight(res: &mut Response, is_allowed: bool) {
    res.status_code(StatusCode::NO_CONTENT);
    let headers = res.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Origin, Access-Control-Request-Headers"));
    if is_allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOWED));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(PREFLIGHT_KEPT_SECONDS));
    }
}

async fn is_allowed(req: &Request, origin: &HeaderValue, state: &State) -> bool {
    // A page without an origin of its own (`null`) may be anybody's.
    let Some(origin) = origin.to_str().ok().filter(|origin| *origin != "null") else { return false };
    if is_preflight(req) && announces_key(req.headers()) {
        return true;
    }
    match req.headers().get(KEY_HEADER) {
        // A key that nobody knows opens nothing: the page may read that.
        Some(key) => match publishable_key(key.to_str().unwrap_or_default(), state).await {
            Ok(key) => key.is_for(origin),
            Err(refused) => refused.status() == StatusCode::UNAUTHORIZED,
        },
        None => is_the_stores_own(req, origin, state).await,
    }
}

fn announces_key(headers: &HeaderMap) -> bool {
    let asked = headers.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS).iter().filter_map(|value| value.to_str().ok());
    asked.flat_map(|names| names.split(',')).any(|name| name.trim().eq_ignore_ascii_case(KEY_HEADER))
}

/// Whether the page is of the store whose host is asked.
async fn is_the_stores_own(req: &Request, origin: &str, state: &State) -> bool {
    let Some(host) = state.config.public_url.host_of_origin(origin) else { return false };
    match (store_on_host(req, state).await, state.directory.by_host(host).await) {
        (Ok(Some(asked)), Ok(own)) => asked.id == own.id,
        _ => false,
    }
}
