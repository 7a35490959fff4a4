use commerce::{customers::identities, ids::IdentityId};
use salvo::{Response, Router, Writer, oapi::endpoint};

use crate::{
    Problem, State,
    context::{Body, Customer, PathId},
    json::{Created, Json, NoContent, Page},
    limits::Door,
    oauth::{BeginLink, Begun, Brought, Identity},
};

pub(super) fn router() -> Router {
    Router::with_path("customer/identities")
        .get(list)
        .push(Router::with_path("begin").post(begin))
        .push(Router::with_path("finish").post(finish))
        .push(Router::with_path("{id}").delete(delete))
}

/// List the ways to sign in beside the password.
#[endpoint]
async fn list(customer: Customer) -> Result<Page<Identity>, Problem> {
    let tx = customer.db.begin().await?;
    Ok(Page::whole(identities::list(&tx, customer.who.customer).await?.into_iter().map(Into::into).collect()))
}

/// Begin to link a provider.
///
/// Send the browser to `authorization_url`; it comes back to `return_to` with a grant, which signs nobody in.
#[endpoint]
async fn begin(customer: Customer, state: State, body: Body<BeginLink>, res: &mut Response) -> Result<Json<Begun>, Problem> {
    state.limiter.password_for(Door::Customer, &customer.who.customer.to_string()).await.admit(res)?;
    let (password, asked) = body.0.into_parts();
    let means = (&state.passwords, &state.providers, &state.clock);
    Ok(Json(identities::begin_to_link(&customer.db, means, customer.who, password.as_deref(), &asked).await?.into()))
}

/// Link a provider.
///
/// With the grant of a flow that this customer began to link. A mail tells of it.
#[endpoint]
async fn finish(customer: Customer, state: State, body: Body<Brought>) -> Result<Created<Identity>, Problem> {
    let linked = identities::link(&customer.db, (&state.providers, &state.clock), customer.who, &body.0.into()).await?;
    Ok(Created::at("/storefront/v1/customer/identities", linked.into()))
}

/// Take a way to sign in away.
///
/// Not the last one: who has no password sets one first, by a code that is mailed. A mail tells of it.
#[endpoint]
async fn delete(customer: Customer, state: State, id: PathId<IdentityId>) -> Result<NoContent, Problem> {
    let tx = customer.db.begin().await?;
    identities::unlink(&tx, &state.clock, customer.who.customer, id.0).await?;
    tx.commit().await?;
    Ok(NoContent)
}
