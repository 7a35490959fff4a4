use std::sync::Arc;

use commerce::identity::{
    SignedInAs, Standing, api_keys,
    step_up::{self, Beside},
    team::Caller,
};
use salvo::{Depot, FlowCtrl, Request, Response, Writer, handler};
use tenancy::{
    Acting, Actor, DirectoryError, OperatorId, Permission, PlatformDb, SUPPORT, Tenant, TenantDb, TenantId, TenantStatus, TenantTx,
    directory::KeyKind,
};
use uuid::Uuid;

use super::{ClientAddress, RequestId, authorization::bearer, from_depot, sessions::Intent, shopper::store_on_host, state};
use crate::{
    Problem, State,
    limits::Class,
    signer::{Audience, Claims},
};

/// Somebody who works in one store, its software, or an operator who supports it.
#[derive(Clone)]
pub struct Vendor {
    pub store: Arc<Tenant>,
    pub db: TenantDb,
    /// For what is the platform's and the store's at once: memberships and the accounts behind them.
    pub platform: PlatformDb,
    pub actor: Actor,
    pub permissions: Arc<[Permission]>,
    /// None for software with a key, and for support.
    pub session: Option<Uuid>,
}

from_depot!(Vendor);

impl Vendor {
    /// The person who is signed in, for what is about the account and not about the store.
    ///
    /// # Errors
    /// 403: a key is nobody's account.
    pub fn person(&self) -> Result<SignedInAs, Problem> {
        match (self.actor, self.session) {
            (Actor::Account(account), Some(session)) => Ok(SignedInAs { account, tenant: self.store.id, session }),
            _ => Err(Problem::forbidden("identity.accounts_only", "this is about a person's account, and a key has none, nor has support")),
        }
    }

    /// That the person has proved who they are within the last ten minutes, for what is dangerous. Software proves itself with each
    /// request.
    ///
    /// # Errors
    /// 403 `identity.step_up_required`.
    pub async fn fresh(&self) -> Result<(), Problem> {
        self.proved(Beside::Nothing).await
    }

    /// [`Vendor::fresh`] for what asks for the account's password too: that is proof enough of who has no second factor.
    ///
    /// # Errors
    /// 403 `identity.step_up_required`.
    pub async fn fresh_beside_password(&self) -> Result<(), Problem> {
        self.proved(Beside::Password).await
    }

    async fn proved(&self, beside: Beside) -> Result<(), Problem> {
        if self.session.is_none() {
            return Ok(());
        }
        let tx = self.platform.begin().await?;
        Ok(step_up::demand(&tx, self.person()?, beside).await?)
    }

    /// Who changes the store's team.
    pub fn caller(&self) -> Caller {
        Caller { store: self.store.id, actor: self.actor, permissions: self.permissions.clone() }
    }

    /// Begins inside the store by the platform's role, for what shows accounts: their names and addresses are no store's rows.
    ///
    /// # Errors
    /// 503: Postgres is away.
    pub async fn begin_with_accounts(&self) -> Result<TenantTx, Problem> {
        Ok(self.platform.begin().await?.enter(self.store.id).await?)
    }

    /// # Errors
    /// 403, naming the permission that is missing.
    pub fn require(&self, permission: Permission) -> Result<(), Problem> {
        if self.permissions.contains(&permission) {
            return Ok(());
        }
        Err(Problem::forbidden("identity.permission_missing", format!("this needs the permission `{permission}`")))
    }
}

/// Guards the vendor API: who, in which store, and does its plan allow one more request. What they may is each handler's
/// first line.
#[handler]
pub(crate) async fn vendors_only(req: &mut Request, depot: &mut Depot, res: &mut Response, ctrl: &mut FlowCtrl) {
    if let Err(problem) = admit(req, depot, res).await {
        problem.write(req, depot, res).await;
        ctrl.skip_rest();
    }
}

async fn admit(req: &mut Request, depot: &mut Depot, res: &mut Response) -> Result<(), Problem> {
    let state = state(depot)?;
    let intent = Intent::of(req);
    let mut vendor = vendor(bearer(req).ok_or_else(Problem::unauthorized)?, intent, state).await?;
    if intent == Intent::Write {
        let address = ClientAddress::of(req, &state.config.trusted_proxies).0;
        let acting = Acting { actor: vendor.actor, address, request_id: RequestId::of(req).to_owned() };
        vendor.db = vendor.db.acting(acting.clone());
        vendor.platform = vendor.platform.acting(acting);
    }
    let store = &vendor.store;
    tracing::Span::current().record("tenant", tracing::field::display(store.id));
    if store_on_host(req, state).await?.is_some_and(|other| other.id != store.id) {
        return Err(Problem::forbidden("tenancy.tenant_mismatch", "this credential belongs to another store than the host name"));
    }
    state.limiter.tenant(store.id, store.plan, Class::Vendor).await.admit(res)?;
    if store.status == TenantStatus::Suspended && intent == Intent::Write {
        let detail = "this store is suspended: it can be read, and changed by the platform's operators only";
        return Err(Problem::forbidden("tenancy.store_suspended", detail));
    }
    depot.insert_typed(vendor);
    Ok(())
}

async fn vendor(token: &str, intent: Intent, state: &State) -> Result<Vendor, Problem> {
    if api_keys::looks_like_key(token) { by_key(token, state).await } else { by_token(token, intent, state).await }
}

async fn by_key(token: &str, state: &State) -> Result<Vendor, Problem> {
    if !api_keys::is_well_formed(token) {
        return Err(Problem::unauthorized());
    }
    let now = state.clock.now();
    let key = match state.directory.by_key(token, now).await {
        Ok(key) if key.kind == KeyKind::Secret => key,
        Ok(_) | Err(DirectoryError::Unknown) => return Err(Problem::unauthorized()),
        Err(DirectoryError::Database(error)) => return Err(Problem::unavailable(error)),
    };
    state.key_uses.note(key.tenant.id, key.id, now);
    let db = state.database.tenant(key.tenant.id);
    let platform = state.database.platform();
    Ok(Vendor { store: key.tenant.clone(), db, platform, actor: Actor::Key(key.id), permissions: key.scopes.clone().into(), session: None })
}

async fn by_token(token: &str, intent: Intent, state: &State) -> Result<Vendor, Problem> {
    let claims = state.signer.verify(token, Audience::Vendor, state.clock.now()).ok_or_else(Problem::unauthorized)?;
    let tenant = claims.tenant.ok_or_else(Problem::unauthorized)?;
    if let Ok(operator) = claims.sub.parse() {
        return by_support(operator, (&claims, tenant), intent, state).await;
    }
    let account = claims.sub.parse().map_err(|_| Problem::unauthorized())?;
    let Some(Standing::Member { permissions, .. }) = state.sessions.standing(&claims, intent).await? else {
        return Err(Problem::unauthorized());
    };
    let actor = Actor::Account(account);
    inside(tenant, state, (actor, permissions, Some(claims.sid))).await
}

/// An operator, whose token has no leeway: the store was told until when.
async fn by_support(operator: OperatorId, (claims, tenant): (&Claims, TenantId), intent: Intent, state: &State) -> Result<Vendor, Problem> {
    let lasts = claims.exp > state.clock.now().timestamp();
    if !lasts || state.sessions.support(claims, tenant, intent).await? != Some(Standing::Support(operator)) {
        return Err(Problem::unauthorized());
    }
    inside(tenant, state, (Actor::Operator(operator), SUPPORT.into(), None)).await
}

async fn inside(
    tenant: TenantId,
    state: &State,
    (actor, permissions, session): (Actor, Arc<[Permission]>, Option<Uuid>),
) -> Result<Vendor, Problem> {
    let store = match state.directory.by_id(tenant).await {
        Ok(store) => store,
        Err(DirectoryError::Unknown) => return Err(Problem::unauthorized()),
        Err(DirectoryError::Database(error)) => return Err(Problem::unavailable(error)),
    };
    let db = state.database.tenant(store.id);
    let platform = state.database.platform();
    Ok(Vendor { store, db, platform, actor, permissions, session })
}
