//! The ways to sign in that a person has linked to their account. Any member may; a key has none.

use commerce::{identity::oauth::identities, ids::IdentityId};
use salvo::{Response, Router, Writer, oapi::endpoint};

use crate::{
    Problem, State,
    context::{Body, PathId, Vendor},
    json::{Created, Json, NoContent, Page},
    limits::Door,
    oauth::{BeginLink, Begun, Brought, Identity},
};

pub(super) fn router() -> Router {
    Router::with_path("account/identities")
        .get(list)
        .push(Router::with_path("begin").post(begin))
        .push(Router::with_path("finish").post(finish))
        .push(Router::with_path("{id}").delete(delete))
}

/// List the ways to sign in beside the password.
#[endpoint]
async fn list(vendor: Vendor) -> Result<Page<Identity>, Problem> {
    let who = vendor.person()?;
    let tx = vendor.platform.begin().await?;
    Ok(Page::whole(identities::list(&tx, who.account).await?.into_iter().map(Into::into).collect()))
}

/// Begin to link a provider to the account.
///
/// Send the browser to `authorization_url`; it comes back to `return_to` with a grant, which signs nobody in.
#[endpoint]
async fn begin(vendor: Vendor, state: State, body: Body<BeginLink>, res: &mut Response) -> Result<Json<Begun>, Problem> {
    let who = vendor.person()?;
    vendor.fresh_beside_password().await?;
    state.limiter.password_for(Door::Account, &who.account.to_string()).await.admit(res)?;
    let (password, asked) = body.0.into_parts();
    let means = (&state.passwords, &state.providers, &state.clock);
    Ok(Json(identities::begin_to_link(&vendor.platform, means, who, password.as_deref(), &asked).await?.into()))
}

/// Link a provider to the account.
///
/// With the grant of a flow that this account began to link. A mail tells of it.
#[endpoint]
async fn finish(vendor: Vendor, state: State, body: Body<Brought>) -> Result<Created<Identity>, Problem> {
    let who = vendor.person()?;
    let linked = identities::link(&vendor.platform, (&state.providers, &state.clock), who, &body.0.into()).await?;
    Ok(Created::at("/vendor/v1/account/identities", linked.into()))
}

/// Take a way to sign in away.
///
/// Not the last one: who has no password sets one first, by a code that is mailed. A mail tells of it.
#[endpoint]
async fn delete(vendor: Vendor, state: State, id: PathId<IdentityId>) -> Result<NoContent, Problem> {
    let who = vendor.person()?;
    vendor.fresh().await?;
    identities::unlink(&vendor.platform, &state.clock, who, id.0).await?;
    Ok(NoContent)
}
