//! The middle of a flow: the provider sends the browser to us, and we send it on to the client.

use serde::Deserialize;
use tenancy::Database;
use uuid::Uuid;

use super::{
    Error, Proof, Providers,
    documents::Endpoints,
    exchange::Failure,
    flows::{Flow, Kept},
    github,
    provider::{Kind, Provider},
    return_urls::with,
};
use crate::{clock::Clock, text::clean_line};

/// What came with the browser. Each at most once.
#[derive(Clone, Default)]
pub struct Returned {
    pub state: Option<String>,
    pub code: Option<String>,
    pub error: Option<String>,
    /// Who says so (RFC 9207).
    pub iss: Option<String>,
    /// What Apple tells of somebody who comes for the first time, and never again.
    pub user: Option<String>,
}

/// Takes a browser back and says where it is to go: to the client, with a grant or with the word for what went wrong.
///
/// # Errors
/// `StateInvalid`: nothing says where to. Nothing was done.
pub async fn come_back(database: &Database, providers: &Providers, clock: &Clock, returned: Returned) -> Result<String, Error> {
    let state = returned.state.as_deref().and_then(|state| providers.codes().read_state(state));
    let (whose, id) = state.ok_or(Error::StateInvalid)?;
    let kept = Kept::of(database, whose);
    let flow = kept.take_back(id).await?.ok_or(Error::StateInvalid)?;
    match prove(&kept, (providers, clock), (&flow, id), returned).await {
        Ok(proof) => {
            kept.prove(id, &proof).await?;
            Ok(with(&flow.return_to, "grant", &providers.codes().write_grant(whose, id)))
        }
        Err(failure) => Ok(with(&flow.return_to, "error", word(&flow, failure)?)),
    }
}

async fn prove(
    kept: &Kept,
    (providers, clock): (&Providers, &Clock),
    (flow, id): (&Flow, Uuid),
    returned: Returned,
) -> Result<Proof, Failure> {
    let provider = kept.provider(providers, &flow.provider).await.map_err(|error| match error {
        // It was there when the flow began.
        Error::UnknownProvider => Failure::Unavailable("it is not offered any more".to_owned()),
        error => error.into(),
    })?;
    let endpoints = providers.0.documents.endpoints(&provider).await?;
    if !is_from(&provider, &endpoints, returned.iss.as_deref()) {
        return Err(Failure::Unproved("the answer is another provider's"));
    }
    if let Some(error) = returned.error {
        let is_no = ["access_denied", "user_cancelled_authorize"].contains(&error.as_str());
        return Err(if is_no { Failure::Denied } else { Failure::Unavailable("it answered with an error".to_owned()) });
    }
    let code = returned.code.filter(|code| !code.is_empty()).ok_or(Failure::Unproved("no code"))?;
    let mut proof = providers.exchange((&provider, &endpoints), id, code, clock.now()).await?;
    if provider.kind == Kind::Apple && proof.name.is_none() {
        proof.name = returned.user.as_deref().and_then(name_by_apple);
    }
    Ok(proof)
}

/// Whether an answer is from the provider that the browser was sent to. Who names nobody is believed unless it says that it always
/// does.
fn is_from(provider: &Provider, endpoints: &Endpoints, named: Option<&str>) -> bool {
    match named {
        Some(named) if provider.kind == Kind::Github => github::names(provider).iter().any(|name| name == named),
        Some(named) => named == provider.issuer,
        None => !endpoints.announces_issuer,
    }
}

/// What the client is told; the rest is for the log.
fn word(flow: &Flow, failure: Failure) -> Result<&'static str, Error> {
    let (word, why) = match failure {
        Failure::Denied => return Ok("access_denied"),
        Failure::Unavailable(why) => ("provider_unavailable", why),
        Failure::Unproved(why) => ("identity_unproved", why.to_owned()),
        Failure::Ours(error) => return Err(error),
    };
    tracing::warn!(provider = %flow.provider, %why, "Somebody could not sign in by a provider");
    Ok(word)
}

/// A name is not signed: it is what the person would have typed.
fn name_by_apple(user: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct User {
        name: Name,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Name {
        first_name: Option<String>,
        last_name: Option<String>,
    }
    let Name { first_name, last_name } = serde_json::from_str::<User>(user).ok()?.name;
    let whole = [first_name, last_name].into_iter().flatten().collect::<Vec<_>>().join(" ");
    clean_line("", &whole, 100).ok()
}
