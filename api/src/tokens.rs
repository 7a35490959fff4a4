//! What a session is given: a pair of tokens. The same for customers, accounts and operators, but for what the access token
//! opens.

use std::time::Duration;

use commerce::{
    customers,
    identity::{Session, sessions::Principal},
    stores::support::SupportSession,
};
use salvo::oapi::ToSchema;
use serde::{Deserialize, Serialize};
use tenancy::TenantId;
use uuid::Uuid;

use crate::{Problem, State, signer::Audience};

/// A short-lived access token and the token that renews it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tokens {
    /// Send it as `Authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds until the access token expires.
    expires_in: u64,
    /// Works once: a refresh answers its successor. Repeated within 10 seconds (a lost answer, two tabs) it answers the same
    /// successor; used later, the session ends.
    refresh_token: String,
}

/// A refresh token, to renew or to end its session.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshToken {
    #[garde(length(min = 1, max = 200))]
    #[salvo(schema(max_length = 200))]
    pub(crate) refresh_token: String,
}

/// The pair of a session that has begun or was renewed.
pub(crate) fn issue(state: &State, session: Session) -> Result<Tokens, Problem> {
    let (audience, subject, tenant) = match session.principal {
        Principal::Account(id, tenant) => (Audience::Vendor, id.to_string(), Some(tenant)),
        Principal::Operator(id) => (Audience::Platform, id.to_string(), None),
    };
    pair(state, audience, subject, (session.id, tenant), session.refresh_token)
}

/// An operator's token for one store's vendor API. Nothing renews it.
pub(crate) fn issue_for_support(state: &State, store: TenantId, session: &SupportSession, minutes: i32) -> Result<String, Problem> {
    let (subject, valid_for) = (session.operator_id.to_string(), Duration::from_mins(minutes.unsigned_abs().into()));
    let named = (session.id.uuid(), Some(store));
    state.signer.sign(Audience::Vendor, subject, named, (state.clock.now(), valid_for)).map_err(Problem::internal)
}

/// [`issue`] for a customer: the access token opens one store's storefront.
pub(crate) fn issue_to_customer(state: &State, store: TenantId, session: customers::sessions::Session) -> Result<Tokens, Problem> {
    let subject = session.who.customer.to_string();
    pair(state, Audience::Customer, subject, (session.who.session, Some(store)), session.refresh_token)
}

fn pair(
    state: &State,
    audience: Audience,
    subject: String,
    session: (Uuid, Option<TenantId>),
    refresh_token: String,
) -> Result<Tokens, Problem> {
    let valid_for = state.config.tuning.access_token_for;
    let access_token = state.signer.sign(audience, subject, session, (state.clock.now(), valid_for)).map_err(Problem::internal)?;
    Ok(Tokens { access_token, token_type: "Bearer", expires_in: valid_for.as_secs(), refresh_token })
}
