//! GitHub: no OpenID Connect, but an API that tells who a token is of.

use http::Request;
use serde::Deserialize;

use super::{
    claims::Person,
    documents::{Endpoints, json},
    exchange::{ANSWER_MAX, Failure},
    provider::Provider,
};
use crate::outside::Outside;

pub(super) fn endpoints(provider: &Provider) -> Endpoints {
    let base = provider.issuer.trim_end_matches('/');
    Endpoints {
        authorize: format!("{base}/login/oauth/authorize"),
        token: format!("{base}/login/oauth/access_token"),
        person: None,
        keys: None,
        has_secret_in_body: true,
        announces_issuer: false,
    }
}

/// As GitHub names itself where it does (RFC 9207).
pub(super) fn names(provider: &Provider) -> [String; 2] {
    let base = provider.issuer.trim_end_matches('/');
    [base.to_owned(), format!("{base}/login/oauth")]
}

#[derive(Deserialize)]
struct User {
    /// Never given twice; names are.
    id: u64,
    login: String,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Address {
    email: String,
    primary: bool,
    verified: bool,
}

/// The subject, and what GitHub tells of who it is. Somebody may keep their addresses to themselves.
pub(super) async fn person(outside: &Outside, provider: &Provider, token: &str) -> Result<(String, Person), Failure> {
    let user: User = ask(outside, provider, "user", token).await?;
    let addresses: Vec<Address> = ask(outside, provider, "user/emails", token).await.unwrap_or_default();
    let primary = addresses.into_iter().find(|address| address.primary);
    let name = user.name.filter(|name| !name.trim().is_empty()).unwrap_or(user.login);
    let email_verified = primary.as_ref().is_some_and(|address| address.verified);
    Ok((user.id.to_string(), Person { email: primary.map(|address| address.email), email_verified, name: Some(name) }))
}

async fn ask<T: serde::de::DeserializeOwned>(outside: &Outside, provider: &Provider, path: &str, token: &str) -> Result<T, Failure> {
    let request = Request::get(format!("{}/{path}", provider.api_url.trim_end_matches('/')))
        .header("accept", "application/vnd.github+json")
        .header("authorization", format!("Bearer {token}"))
        .body(Vec::new())
        .map_err(|error| Failure::Unavailable(error.to_string()))?;
    let answer = outside.send(provider.reach, request, ANSWER_MAX).await.map_err(|error| Failure::Unavailable(error.to_string()))?;
    json(&answer).map_err(Failure::Unavailable)
}
