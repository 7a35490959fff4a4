//! Answers kept in memory for whoever asks the same of the same store again: lists, products, categories.
//!
//! An answer is kept under its tenant and its whole address, and given again only while the tenant's revision stands
//! ([`tenancy::Directory::revision`]): any commit in this process, and any fact announced by another one, makes it old. What
//! changes without a fact (units held by somebody's checkout) is shown late by [`KEPT_FOR`] at most. An answer that depends on
//! anything else (who asks, what else they send) must not be kept. Who asks with `Cache-Control: no-cache` (RFC 9111, 5.2.1.4) is
//! answered anew.

use std::{sync::Arc, time::Duration};

use moka::sync::Cache;
use salvo::{
    Depot, FlowCtrl, Request, Response, handler,
    http::{HeaderValue, Method, ResBody, StatusCode, header},
    hyper::body::Bytes,
};
use tenancy::TenantId;

use super::validators::tag_of;
use crate::{State, context::Shopper};

const KEPT_FOR: Duration = Duration::from_secs(5);
/// What addresses a product list may have; longer ones are answered and not kept.
const ADDRESS_AT_MOST_BYTES: usize = 512;
/// One answer may not drive out many.
const ANSWER_AT_MOST_BYTES: usize = 256 * 1024;
/// What an entry weighs beside its texts.
const ENTRY_BYTES: usize = 256;

#[derive(Clone)]
pub struct KeptAnswers(Option<Cache<Asked, Arc<Kept>>>);

#[derive(PartialEq, Eq, Hash)]
struct Asked {
    tenant: TenantId,
    address: String,
}

struct Kept {
    revision: u64,
    tag: HeaderValue,
    body: Bytes,
}

impl KeptAnswers {
    /// Keeps nothing at 0.
    pub fn new(mebibytes: u64) -> Self {
        let weight =
            |asked: &Asked, kept: &Arc<Kept>| u32::try_from(asked.address.len() + kept.body.len() + ENTRY_BYTES).unwrap_or(u32::MAX);
        let cache = || Cache::builder().weigher(weight).max_capacity(mebibytes * 1024 * 1024).time_to_live(KEPT_FOR).build();
        Self((mebibytes > 0).then(cache))
    }
}

/// Answers from what is kept; else lets the handler answer and keeps that.
#[handler]
pub(super) async fn keep(req: &mut Request, depot: &mut Depot, res: &mut Response, ctrl: &mut FlowCtrl) {
    let Some((cache, asked, revision)) = keepable(req, depot) else {
        ctrl.call_next(req, depot, res).await;
        return;
    };
    if let Some(kept) = cache.get(&asked).filter(|kept| kept.revision == revision) {
        metrics::counter!("stoa_kept_answers_total", "outcome" => "given").increment(1);
        res.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        res.headers_mut().insert(header::ETAG, kept.tag.clone());
        res.body(kept.body.clone());
        ctrl.skip_rest();
        return;
    }
    metrics::counter!("stoa_kept_answers_total", "outcome" => "made").increment(1);
    ctrl.call_next(req, depot, res).await;
    let is_whole = res.status_code.unwrap_or(StatusCode::OK) == StatusCode::OK;
    let ResBody::Once(body) = &res.body else { return };
    if is_whole && body.len() <= ANSWER_AT_MOST_BYTES {
        let kept = Kept { revision, tag: tag_of(body), body: body.clone() };
        res.headers_mut().insert(header::ETAG, kept.tag.clone());
        cache.insert(asked, Arc::new(kept));
    }
}

/// The revision is read before the rows are: a change in between makes the answer old before it is kept.
fn keepable(req: &Request, depot: &Depot) -> Option<(Cache<Asked, Arc<Kept>>, Asked, u64)> {
    let state = depot.get_typed::<State>().ok()?;
    let tenant = depot.get_typed::<Shopper>().ok()?.store.id;
    let cache = state.kept_answers.0.clone()?;
    let address = req.uri().path_and_query()?.as_str();
    let headers = req.headers();
    let wants_anew = headers.get(header::CACHE_CONTROL).is_some_and(|value| value.as_bytes().starts_with(b"no-"));
    let is_plain = req.method() == Method::GET && address.len() <= ADDRESS_AT_MOST_BYTES && !headers.contains_key(header::AUTHORIZATION);
    let revision = state.directory.revision(tenant).filter(|_| is_plain && !wants_anew)?;
    Some((cache, Asked { tenant, address: address.to_owned() }, revision))
}
