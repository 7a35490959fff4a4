use commerce::{identity::team, ids::AccountId};
use salvo::{
    Response, Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::Deserialize;
use tenancy::Permission;

use crate::{
    Problem, State,
    context::{Body, Vendor},
    json::{Id, NoContent},
    limits::Door,
};

pub(super) fn router() -> Router {
    Router::with_path("ownership").push(Router::with_path("transfer").post(transfer))
}

/// Who is to own the store, a member of its team, and the password of who says so.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct Transfer {
    #[garde(skip)]
    account_id: Id<AccountId>,
    /// Left out by who has none: they have signed in within the last ten minutes.
    #[garde(inner(length(max = 200)))]
    #[salvo(schema(max_length = 200))]
    current_password: Option<String>,
}

/// Hand the store over.
///
/// The other becomes an owner and you an administrator, both or neither; both are told by mail. Only an owner can; one whose account has a
/// second factor must have proved it within the last ten minutes (`/account/step-up`).
#[endpoint]
async fn transfer(vendor: Vendor, state: State, body: Body<Transfer>, res: &mut Response) -> Result<NoContent, Problem> {
    vendor.require(Permission::WriteTeam)?;
    let who = vendor.person()?;
    vendor.fresh_beside_password().await?;
    state.limiter.password_for(Door::Account, &who.account.to_string()).await.admit(res)?;
    let given = (body.0.account_id.0, body.0.current_password.as_deref());
    team::transfer_ownership(&vendor.platform, &state.passwords, &state.clock, who, given).await?;
    state.sessions.forget_store(who.tenant)?;
    Ok(NoContent)
}
