use std::{sync::Arc, time::Duration};

use commerce::customers::{self, SignedInAs, sessions};
use moka::future::Cache;
use salvo::{Depot, Extractible, FlowCtrl, Request, Response, Writer, extract::Metadata, handler, http::header};
use tenancy::{Tenant, TenantDb};
use uuid::Uuid;

use super::{PLAIN, Shopper, authorization::bearer, sessions::Intent, state};
use crate::{Problem, signer::Audience};

const CACHED_AT_MOST: u64 = 200_000;

/// Somebody who is signed in to one store's storefront. Naming it in a handler's signature refuses guests, and before something of
/// theirs is changed, whose sign-in has ended by now.
#[derive(Clone)]
pub struct Customer {
    pub store: Arc<Tenant>,
    pub db: TenantDb,
    pub who: SignedInAs,
}

impl<'ex> Extractible<'ex> for Customer {
    fn metadata() -> &'static Metadata {
        &PLAIN
    }

    #[expect(refining_impl_trait, reason = "a named error reads better")]
    async fn extract(req: &'ex mut Request, depot: &'ex mut Depot) -> Result<Self, Problem> {
        let shopper = depot.get_typed::<Shopper>().map_err(|_| Problem::internal("no Shopper: the route stands outside its audience"))?;
        let who = shopper.who.ok_or_else(Problem::unauthorized)?;
        if Intent::of(req) == Intent::Write && !sessions::stands(&shopper.db.begin().await?, who).await? {
            return Err(Problem::unauthorized());
        }
        Ok(Self { store: shopper.store.clone(), db: shopper.db.clone(), who })
    }
}

impl salvo::oapi::EndpointArgRegister for Customer {
    fn register(_: &mut salvo::oapi::Components, _: &mut salvo::oapi::Operation, _: &str) {}
}

/// Says who the shopper is, if they say that they are somebody. A credential that is not good is refused, and not passed over:
/// whoever sends one does not mean to be a guest.
#[handler]
pub(crate) async fn customers_known(req: &mut Request, depot: &mut Depot, res: &mut Response, ctrl: &mut FlowCtrl) {
    if let Err(problem) = recognise(req, depot).await {
        problem.write(req, depot, res).await;
        ctrl.skip_rest();
    }
}

async fn recognise(req: &mut Request, depot: &mut Depot) -> Result<(), Problem> {
    if !req.headers().contains_key(header::AUTHORIZATION) {
        return Ok(());
    }
    let state = state(depot)?;
    let token = bearer(req).ok_or_else(Problem::unauthorized)?;
    let claims = state.signer.verify(token, Audience::Customer, state.clock.now()).ok_or_else(Problem::unauthorized)?;
    let mut shopper = depot.get_typed::<Shopper>().cloned().map_err(|_| Problem::internal("no store was decided before its customer"))?;
    if claims.tenant != Some(shopper.store.id) {
        return Err(Problem::forbidden("tenancy.tenant_mismatch", "this credential belongs to another store"));
    }
    let who = SignedInAs { customer: claims.sub.parse().map_err(|_| Problem::unauthorized())?, session: claims.sid };
    if !state.customer_sessions.stands(&shopper.db, who).await? {
        return Err(Problem::unauthorized());
    }
    shopper.who = Some(who);
    depot.insert_typed(shopper);
    Ok(())
}

/// Whether the sign-ins behind customers' access tokens still stand, as [`super::Sessions`] knows it of accounts: asked of the
/// database once in a while.
#[derive(Clone)]
pub struct CustomerSessions(Cache<Uuid, bool>);

impl CustomerSessions {
    pub(crate) fn new(cached_for: Duration) -> Self {
        Self(Cache::builder().max_capacity(CACHED_AT_MOST).time_to_live(cached_for).build())
    }

    async fn stands(&self, db: &TenantDb, who: SignedInAs) -> Result<bool, Problem> {
        let ask = async { sessions::stands(&db.begin().await?, who).await };
        self.0.try_get_with(who.session, ask).await.map_err(|error: Arc<customers::Error>| Problem::unavailable(error))
    }

    /// Forgets sessions here, now.
    pub(crate) async fn forget(&self, sessions: impl IntoIterator<Item = Uuid>) {
        for session in sessions {
            self.0.invalidate(&session).await;
        }
    }
}
