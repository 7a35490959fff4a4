use commerce::identity::Standing;
use salvo::{Depot, FlowCtrl, Request, Response, Writer, handler};
use tenancy::{Acting, Actor, OperatorId, PlatformDb};
use uuid::Uuid;

use super::{ClientAddress, RequestId, authorization::bearer, from_depot, sessions::Intent, state};
use crate::{Problem, signer::Audience};

/// Somebody who runs the platform. What they change is written to the audit log in the same transaction.
#[derive(Clone)]
pub struct Operator {
    pub id: OperatorId,
    pub platform: PlatformDb,
    pub session: Uuid,
}

from_depot!(Operator);

/// Guards the platform API.
#[handler]
pub(crate) async fn operators_only(req: &mut Request, depot: &mut Depot, res: &mut Response, ctrl: &mut FlowCtrl) {
    if let Err(problem) = admit(req, depot).await {
        problem.write(req, depot, res).await;
        ctrl.skip_rest();
    }
}

async fn admit(req: &mut Request, depot: &mut Depot) -> Result<(), Problem> {
    let state = state(depot)?;
    let token = bearer(req).ok_or_else(Problem::unauthorized)?;
    let claims = state.signer.verify(token, Audience::Platform, state.clock.now()).ok_or_else(Problem::unauthorized)?;
    let id = claims.sub.parse().map_err(|_| Problem::unauthorized())?;
    let Some(Standing::Operator) = state.sessions.standing(&claims, Intent::of(req)).await? else {
        return Err(Problem::unauthorized());
    };
    // What they change of a store's rows stands in that store's log too.
    let address = ClientAddress::of(req, &state.config.trusted_proxies).0;
    let acting = Acting { actor: Actor::Operator(id), address, request_id: RequestId::of(req).to_owned() };
    let platform = state.database.platform().acting(acting);
    depot.insert_typed(Operator { id, platform, session: claims.sid });
    Ok(())
}
