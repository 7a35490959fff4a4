//! The two halves of a flow that the provider sees: the address that its page is opened with, and the code that comes back from it,
//! exchanged for who somebody is.

use chrono::{DateTime, Utc};
use http::Request;
use jsonwebtoken::decode_header;
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet, ExtraTokenFields,
    HttpRequest, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, StandardRevocableToken, StandardTokenResponse,
    TokenResponse, TokenUrl,
    basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Error, Providers,
    claims::{self, Expected, Person},
    documents::{Endpoints, json},
    github,
    provider::{Credential, Kind, Provider},
    secrets::Whose,
};
use crate::text::{Email, clean_line};

/// Bytes of an answer that is not a published document.
pub(super) const ANSWER_MAX: usize = 64 * 1024;

/// Who somebody is elsewhere, by a provider's word.
#[derive(Clone)]
pub struct Proof {
    pub issuer: String,
    pub subject: String,
    pub provider_name: String,
    /// Only when the provider says that it has proved it.
    pub email: Option<Email>,
    pub name: Option<String>,
}

/// Why nobody was proved.
#[derive(Debug)]
pub(super) enum Failure {
    /// The person said no, or the provider did.
    Denied,
    Unavailable(String),
    Unproved(&'static str),
    Ours(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::ProviderUnavailable => Self::Unavailable("what it publishes cannot be had".to_owned()),
            error => Self::Ours(error),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct WithIdToken {
    id_token: Option<String>,
}

impl ExtraTokenFields for WithIdToken {}

type Tokens = StandardTokenResponse<WithIdToken, BasicTokenType>;
type ProviderClient = Client<
    BasicErrorResponse,
    Tokens,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

impl Providers {
    /// The address of the provider's page for a flow.
    ///
    /// # Errors
    /// `ProviderUnavailable` when what it publishes is no address.
    pub(super) fn authorization_url(
        &self,
        (provider, endpoints): (&Provider, &Endpoints),
        (whose, flow): (Whose, Uuid),
        now: DateTime<Utc>,
    ) -> Result<String, Error> {
        let codes = self.codes();
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(codes.verifier(flow)));
        let client = self.client(provider, endpoints, now).ok_or(Error::ProviderUnavailable)?;
        let mut page = client
            .authorize_url(|| CsrfToken::new(codes.write_state(whose, flow)))
            .add_scopes(provider.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge);
        if provider.speaks_openid() {
            page = page.add_extra_param("nonce", codes.nonce(flow));
        }
        if provider.kind == Kind::Apple {
            page = page.add_extra_param("response_mode", "form_post");
        }
        Ok(page.url().0.into())
    }

    /// Who a code stands for. Talks to the provider: no transaction is open.
    pub(super) async fn exchange(
        &self,
        (provider, endpoints): (&Provider, &Endpoints),
        flow: Uuid,
        code: String,
        now: DateTime<Utc>,
    ) -> Result<Proof, Failure> {
        let tokens = self.redeem_code((provider, endpoints), flow, code, now).await?;
        let access = tokens.access_token().secret();
        let (subject, person) = match provider.kind {
            Kind::Github => github::person(&self.0.outside, provider, access).await?,
            Kind::Oidc | Kind::Apple => {
                let token = tokens.extra_fields().id_token.as_deref().ok_or(Failure::Unproved("no ID token"))?;
                let claims = self.claims((provider, endpoints), token, flow, now).await?;
                let person = if claims.person.email.is_some() {
                    claims.person
                } else {
                    self.ask_for_person((provider, endpoints), access, &claims.sub).await
                };
                (claims.sub, person)
            }
        };
        Ok(Proof {
            issuer: provider.issuer.clone(),
            subject,
            provider_name: provider.name.clone(),
            email: person.email.filter(|_| person.email_verified).and_then(|email| email.parse().ok()),
            name: person.name.and_then(|name| clean_line("", &name, 100).ok()),
        })
    }

    async fn redeem_code(
        &self,
        (provider, endpoints): (&Provider, &Endpoints),
        flow: Uuid,
        code: String,
        now: DateTime<Utc>,
    ) -> Result<Tokens, Failure> {
        let client = self.client(provider, endpoints, now).ok_or_else(|| Failure::Unavailable("it has no address".to_owned()))?;
        let call = |request: HttpRequest| {
            let (outside, reach) = (self.0.outside.clone(), provider.reach);
            async move { outside.send(reach, request, ANSWER_MAX).await }
        };
        let verifier = PkceCodeVerifier::new(self.codes().verifier(flow));
        let exchanged = client.exchange_code(AuthorizationCode::new(code)).set_pkce_verifier(verifier).request_async(&call).await;
        exchanged.map_err(|error| match error {
            RequestTokenError::ServerResponse(refusal) => Failure::Unavailable(format!("it refused the code: {}", refusal.error())),
            RequestTokenError::Request(error) => Failure::Unavailable(error.to_string()),
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => Failure::Unavailable("it answered no tokens".to_owned()),
        })
    }

    /// The claims of an ID token, if it is to be believed.
    async fn claims(
        &self,
        (provider, endpoints): (&Provider, &Endpoints),
        token: &str,
        flow: Uuid,
        now: DateTime<Utc>,
    ) -> Result<claims::Claims, Failure> {
        let header = decode_header(token).map_err(|_| Failure::Unproved("it cannot be read"))?;
        if !claims::is_believed(header.alg) {
            return Err(Failure::Unproved("signed by an algorithm that is not believed"));
        }
        if header.crit.is_some() {
            // RFC 7515, 4.1.11: what must be understood and is not makes the token invalid.
            return Err(Failure::Unproved("it names extensions that must be understood"));
        }
        let address = endpoints.keys.as_deref().ok_or(Failure::Unproved("no keys"))?;
        let key = self.0.documents.signed_with(provider.reach, address, (header.kid.as_deref(), header.alg)).await?;
        let key = key.ok_or(Failure::Unproved("signed with an unknown key"))?;
        let nonce = self.codes().nonce(flow);
        let expected = Expected { issuer: &provider.issuer, client_id: &provider.client_id, nonce: &nonce, now };
        claims::read(token, (header.alg, &key), &expected).map_err(Failure::Unproved)
    }

    /// What the provider tells beside the token. One that tells nothing has proved a person without an address.
    async fn ask_for_person(&self, (provider, endpoints): (&Provider, &Endpoints), access: &str, subject: &str) -> Person {
        #[derive(Deserialize)]
        struct Told {
            sub: String,
            #[serde(flatten)]
            person: Person,
        }
        let Some(address) = &endpoints.person else { return Person::default() };
        let request = Request::get(address).header("authorization", format!("Bearer {access}")).body(Vec::new());
        let Ok(request) = request else { return Person::default() };
        let told = match self.0.outside.send(provider.reach, request, ANSWER_MAX).await {
            Ok(answer) => json::<Told>(&answer),
            Err(error) => Err(error.to_string()),
        };
        match told {
            Ok(told) if told.sub == subject => told.person,
            Ok(_) => Person::default(),
            Err(why) => {
                tracing::info!(provider = %provider.id, %why, "A provider told nothing of a person");
                Person::default()
            }
        }
    }

    fn client(&self, provider: &Provider, endpoints: &Endpoints, now: DateTime<Utc>) -> Option<ProviderClient> {
        let secret = match &provider.credential {
            Credential::Secret(secret) => secret.clone(),
            Credential::Apple(key) => key.secret(&provider.issuer, now)?,
        };
        let in_body = endpoints.has_secret_in_body || provider.kind == Kind::Apple;
        let client = Client::new(ClientId::new(provider.client_id.clone()))
            .set_client_secret(ClientSecret::new(secret))
            .set_auth_type(if in_body { AuthType::RequestBody } else { AuthType::BasicAuth })
            .set_auth_uri(AuthUrl::new(endpoints.authorize.clone()).ok()?)
            .set_token_uri(TokenUrl::new(endpoints.token.clone()).ok()?)
            .set_redirect_uri(RedirectUrl::new(self.0.redirect_uri.clone()).ok()?);
        Some(client)
    }
}
