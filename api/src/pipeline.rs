//! The whole API as one salvo service: what every request passes through, in order.

use std::sync::Arc;

use jsonwebtoken::jwk::JwkSet;
use salvo::{
    Depot, FlowCtrl, Handler, Request, Response, Router, Service, Writer, affix_state, async_trait,
    catcher::Catcher,
    handler,
    http::{HeaderValue, Method, ResBody, header},
};
use tracing::Instrument;

use crate::{
    Problem, State,
    context::RequestId,
    cors::pages_allowed,
    health,
    json::{Json, with_pictures_at},
    media, oauth, observe, openapi, platform,
    problem::Refusals,
    storefront, vendor,
};

/// The API, ready to answer. Its requests run in tasks of their own: a client that hangs up stops nothing half-way.
pub fn service(state: State) -> Service {
    let run = RunToCompletion { state: state.clone(), inner: Arc::new(inner(state)) };
    // What the inner service has answered is the answer: without this the outer one would write another under a HEAD's refusal.
    Service::new(Router::with_path("{**rest}").goal(run)).catcher(Catcher::new(AsAnswered))
}

fn inner(state: State) -> Service {
    let router = Router::new()
        .push(storefront::router())
        .push(vendor::router())
        .push(platform::router())
        .push(openapi::router())
        .push(health::router())
        .push(oauth::router())
        .push(media::router())
        .push(Router::with_path(".well-known/jwks.json").get(published_keys));
    Service::new(router)
        .hoop(observe::measure)
        .hoop(affix_state::inject(state))
        .hoop(secure_headers)
        .hoop_when(pages_allowed, |req, _| req.uri().path().starts_with("/storefront/"))
        .catcher(Catcher::new(Refusals))
}

/// That a GET was asked as a HEAD, for the one address whose GET does something.
#[derive(Clone, Copy)]
pub(crate) struct HeadersOnly;

/// salvo drops a handler whose client has gone; work that was half done must not depend on a client's patience.
struct RunToCompletion {
    state: State,
    inner: Arc<Service>,
}

#[async_trait]
impl Handler for RunToCompletion {
    async fn handle(&self, req: &mut Request, _: &mut Depot, res: &mut Response, _: &mut FlowCtrl) {
        let id = RequestId::new();
        let mut request = std::mem::take(req);
        request.extensions_mut().insert(id.clone());
        // The route is the inner service's to find; what brought the request here is no route.
        request.matched_path_mut().clear();
        // A HEAD is answered as the GET would be, without the body (RFC 9110, 9.3.2).
        let is_head = request.method() == Method::HEAD;
        if is_head {
            *request.method_mut() = Method::GET;
            request.extensions_mut().insert(HeadersOnly);
        }
        let (inner, span) = (self.inner.clone(), observe::span(&id, &request));
        let pictures_at = self.state.config.pictures_at.clone();
        let work = with_pictures_at(pictures_at, async move { inner.handle(request).await });
        match self.state.requests.spawn(work.instrument(span)).await {
            Ok(answer) => *res = answer,
            Err(panicked) => {
                metrics::counter!("stoa_request_panics_total").increment(1);
                Problem::internal(panicked).render(id.as_str(), res);
            }
        }
        if is_head {
            without_body(res);
        }
        if let Ok(value) = HeaderValue::from_str(id.as_str()) {
            res.headers_mut().insert("x-request-id", value);
        }
    }
}

/// Adds nothing to an answer.
struct AsAnswered;

#[async_trait]
impl Handler for AsAnswered {
    async fn handle(&self, _: &mut Request, _: &mut Depot, _: &mut Response, ctrl: &mut FlowCtrl) {
        ctrl.skip_rest();
    }
}

fn without_body(res: &mut Response) {
    if let ResBody::Once(bytes) = res.take_body() {
        res.headers_mut().insert(header::CONTENT_LENGTH, bytes.len().into());
    }
}

#[handler]
async fn secure_headers(req: &mut Request, depot: &mut Depot, res: &mut Response, ctrl: &mut FlowCtrl) {
    let headers = res.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    // What one caller is told is no other's business; a storefront answer that may be shared says so itself.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    ctrl.call_next(req, depot, res).await;
}

/// The public keys of access tokens (RFC 7517).
#[handler]
async fn published_keys(state: State) -> Json<JwkSet> {
    Json(state.signer.published().clone())
}
