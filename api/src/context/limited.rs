use salvo::{Depot, FlowCtrl, Request, Response, Writer, handler};

use super::{ClientAddress, state};
use crate::Problem;

/// Guards what anybody may call and what costs much: signing in, opening stores.
#[handler]
pub(crate) async fn limited_by_address(req: &mut Request, depot: &mut Depot, res: &mut Response, ctrl: &mut FlowCtrl) {
    if let Err(problem) = admit(req, depot, res).await {
        problem.write(req, depot, res).await;
        ctrl.skip_rest();
    }
}

async fn admit(req: &mut Request, depot: &mut Depot, res: &mut Response) -> Result<(), Problem> {
    let state = state(depot)?;
    let client = ClientAddress::of(req, &state.config.trusted_proxies);
    state.limiter.auth_from(client).await.admit(res)
}
