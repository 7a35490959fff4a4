//! Signing in to the vendor side by other providers.

use commerce::identity::{oauth, team};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::Deserialize;

use super::auth::SignedIn;
use crate::{
    Problem, State,
    context::{Body, Device},
    json::{Json, Page},
    oauth::{Begin, Begun, Provider},
};

pub(super) fn router() -> Router {
    let flow = Router::with_path("oauth")
        .push(Router::with_path("begin").post(begin))
        .push(Router::with_path("finish").post(finish))
        .push(Router::with_path("accept-invitation").post(accept_invitation));
    Router::with_path("auth").push(Router::with_path("providers").get(list)).push(flow)
}

/// What the browser came back with, and which store to go to.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct Finish {
    /// Works once, within two minutes.
    #[garde(length(max = 100))]
    #[salvo(schema(max_length = 100))]
    grant: String,
    /// The text whose challenge the flow began with.
    #[garde(length(max = 128))]
    #[salvo(schema(min_length = 43, max_length = 128))]
    code_verifier: String,
    /// The store's slug; needed by accounts that work in several. Refused for want of it, the grant goes on working.
    #[garde(inner(length(max = 40)))]
    #[salvo(schema(max_length = 40))]
    store: Option<String>,
}

/// What the browser came back with, and what to join.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct AcceptByProvider {
    /// Works once, within two minutes.
    #[garde(length(max = 100))]
    #[salvo(schema(max_length = 100))]
    grant: String,
    /// The text whose challenge the flow began with.
    #[garde(length(max = 128))]
    #[salvo(schema(min_length = 43, max_length = 128))]
    code_verifier: String,
    /// From the invitation's mail.
    #[garde(length(max = 100))]
    #[salvo(schema(max_length = 100))]
    invitation_code: String,
    /// Of the person; needed when they are new and the provider tells no name.
    #[garde(inner(length(chars, min = 1, max = 100)))]
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: Option<String>,
}

/// List the providers to sign in by.
#[endpoint]
async fn list(state: State) -> Result<Page<Provider>, Problem> {
    Ok(Page::whole(state.providers.for_accounts().map(Into::into).collect()))
}

/// Begin to sign in by a provider.
///
/// Send the browser to `authorization_url`; it comes back to `return_to` with a grant.
#[endpoint]
async fn begin(state: State, body: Body<Begin>) -> Result<Json<Begun>, Problem> {
    let means = (&state.providers, &state.clock);
    Ok(Json(oauth::begin(&state.database.platform(), means, &body.0.into(), None).await?.into()))
}

/// Sign in by a provider.
///
/// Whoever the provider names must have been linked to an account: `identity.identity_unknown` says that nobody was, `identity.link_first`
/// that the address which it has proved has an account to sign in to and link. Who is new opens a store or accepts an invitation with
/// the same grant.
#[endpoint]
async fn finish(state: State, device: Device, body: Body<Finish>) -> Result<Json<SignedIn>, Problem> {
    let Finish { grant, code_verifier, store } = body.0;
    let brought = oauth::Brought { grant, verifier: code_verifier };
    let signed_in = oauth::sign_in(&state.database.platform(), &state.providers, &brought, store.as_deref(), &device.0).await?;
    Ok(Json(SignedIn::of(&state, signed_in)?))
}

/// Accept an invitation by a provider.
///
/// The address of the account, or the one that the provider has proved, must be the one that the invitation was sent to. Who has no
/// account gets one without a password.
#[endpoint]
async fn accept_invitation(state: State, device: Device, body: Body<AcceptByProvider>) -> Result<Json<SignedIn>, Problem> {
    let AcceptByProvider { grant, code_verifier, invitation_code, name } = body.0;
    let (platform, brought) = (state.database.platform(), oauth::Brought { grant, verifier: code_verifier });
    let invited = team::invited(&platform, &state.codes, &invitation_code).await?;
    let (means, person) = ((&state.providers, &state.clock), (name.as_deref(), &brought));
    let signed_in = team::accept_invitation_by_provider(&platform, means, invited, person, &device.0).await?;
    Ok(Json(SignedIn::of(&state, signed_in)?))
}
