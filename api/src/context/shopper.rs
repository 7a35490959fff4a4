use std::sync::Arc;

use commerce::{cart::CartStore, customers::SignedInAs};
use salvo::{
    Depot, FlowCtrl, Request, Response, Writer, handler,
    http::{HeaderValue, Method, header},
};
use tenancy::{
    CustomerId, DirectoryError, Tenant, TenantDb, TenantStatus,
    directory::{Key, KeyKind},
};

use super::{ClientAddress, from_depot, host_of, state};
use crate::{Problem, State, limits::Class};

pub(crate) const KEY_HEADER: &str = "stoa-publishable-key";

/// Somebody in one store's storefront, signed in or not.
#[derive(Clone)]
pub struct Shopper {
    pub store: Arc<Tenant>,
    pub db: TenantDb,
    /// Who is signed in; none for a guest, and where nobody is asked who they are.
    pub who: Option<SignedInAs>,
}

from_depot!(Shopper);

impl Shopper {
    pub fn customer(&self) -> Option<CustomerId> {
        self.who.map(|who| who.customer)
    }

    /// Carts as this shopper sees them.
    pub fn carts(&self, state: &State) -> CartStore {
        state.carts.seen_by(self.customer())
    }
}

/// Guards the storefront: which store, is it open, does its plan allow one more request.
#[handler]
pub(crate) async fn shoppers_only(req: &mut Request, depot: &mut Depot, res: &mut Response, ctrl: &mut FlowCtrl) {
    if let Err(problem) = admit(req, depot, res).await {
        problem.write(req, depot, res).await;
        ctrl.skip_rest();
    }
}

async fn admit(req: &mut Request, depot: &mut Depot, res: &mut Response) -> Result<(), Problem> {
    let state = state(depot)?;
    let store = store_of(req, state).await?;
    tracing::Span::current().record("tenant", tracing::field::display(store.id));
    if store.status == TenantStatus::Suspended {
        return Err(Problem::forbidden("tenancy.store_suspended", "this store is closed for now"));
    }
    let reads = [Method::GET, Method::HEAD].contains(req.method());
    let decision = if reads {
        state.limiter.tenant(store.id, store.plan, Class::StorefrontReads).await
    } else {
        state.limiter.shopper(store.id, store.plan, ClientAddress::of(req, &state.config.trusted_proxies)).await
    };
    decision.admit(res)?;
    let db = state.database.tenant(store.id);
    depot.insert_typed(Shopper { store, db, who: None });
    Ok(())
}

/// The host name and the key must agree; either alone is enough.
async fn store_of(req: &Request, state: &State) -> Result<Arc<Tenant>, Problem> {
    let by_key = match req.headers().get(KEY_HEADER) {
        None => None,
        Some(text) => Some(publishable_key(text.to_str().unwrap_or_default(), state).await?),
    };
    if let Some((key, origin)) = by_key.as_ref().zip(req.headers().get(header::ORIGIN)) {
        must_be_for(key, origin)?;
    }
    let by_host = store_on_host(req, state).await?;
    match (by_key, by_host) {
        (Some(key), Some(store)) if key.tenant.id != store.id => {
            Err(Problem::forbidden("tenancy.tenant_mismatch", "the key belongs to another store than the host name"))
        }
        (Some(key), _) => Ok(key.tenant.clone()),
        (None, Some(store)) => Ok(store),
        (None, None) => {
            let detail = "no store answers here: use the store's host name, or send `Stoa-Publishable-Key`";
            Err(Problem::not_found("tenancy.store_unknown", detail))
        }
    }
}

/// Whoever sends no `Origin` is no browser on somebody's page, and is not asked.
fn must_be_for(key: &Key, origin: &HeaderValue) -> Result<(), Problem> {
    if origin.to_str().is_ok_and(|origin| key.is_for(origin)) {
        return Ok(());
    }
    let detail = "this key is not for pages of this origin; the store says for which ones it is";
    Err(Problem::forbidden("identity.origin_not_allowed", detail))
}

pub(crate) async fn publishable_key(text: &str, state: &State) -> Result<Arc<Key>, Problem> {
    let unknown = || Problem::unauthorized().with_code("identity.key_unknown");
    if !commerce::identity::api_keys::is_well_formed(text) {
        return Err(unknown());
    }
    let now = state.clock.now();
    match state.directory.by_key(text, now).await {
        Ok(key) if key.kind == KeyKind::Publishable => {
            state.key_uses.note(key.tenant.id, key.id, now);
            Ok(key)
        }
        Ok(_) | Err(DirectoryError::Unknown) => Err(unknown()),
        Err(DirectoryError::Database(error)) => Err(Problem::unavailable(error)),
    }
}

/// The store whose host name was asked for, if one was.
pub(crate) async fn store_on_host(req: &Request, state: &State) -> Result<Option<Arc<Tenant>>, Problem> {
    let Some(host) = host_of(req).filter(|host| host != state.config.public_url.host() && host.parse::<std::net::IpAddr>().is_err()) else {
        return Ok(None);
    };
    match state.directory.by_host(&host).await {
        Ok(store) => Ok(Some(store)),
        Err(DirectoryError::Unknown) => Ok(None),
        Err(DirectoryError::Database(error)) => Err(Problem::unavailable(error)),
    }
}
