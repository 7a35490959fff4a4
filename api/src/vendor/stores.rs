use commerce::{
    identity::oauth::Brought,
    stores::{self, NewStore, OpenedStore},
    text::Email,
};
use salvo::{
    Response, Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};

use super::store::Store;
use crate::{
    Problem, State,
    context::{Body, Device},
    json::Created,
    limits::Door,
    tokens::{self, Tokens},
};

pub(super) fn router() -> Router {
    Router::with_path("stores").post(open).push(Router::with_path("by-provider").post(open_by_provider))
}

/// A store to be, and its owner.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct OpenStore {
    /// The owner's e-mail. When it has an account already, `password` must be that account's.
    #[garde(skip)]
    #[salvo(schema(value_type = String, max_length = 254))]
    email: Email,
    #[garde(length(chars, min = 1, max = 200))]
    #[salvo(schema(min_length = 10, max_length = 200))]
    password: String,
    /// Six digits of an authenticator, or a recovery code: for an account that has a second factor.
    #[garde(inner(length(max = 40)))]
    #[salvo(schema(max_length = 40))]
    second_factor_code: Option<String>,
    /// The owner's own name.
    #[garde(length(chars, min = 1, max = 100))]
    #[salvo(schema(min_length = 1, max_length = 100))]
    owner_name: String,
    /// The store answers on `{slug}.{base domain}`.
    #[garde(length(max = 40))]
    #[salvo(schema(min_length = 3, max_length = 40, pattern = "^[a-z0-9][a-z0-9-]*[a-z0-9]$"))]
    slug: String,
    #[garde(length(chars, min = 1, max = 100))]
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: String,
    /// The main currency (ISO 4217).
    #[garde(length(max = 3))]
    #[salvo(schema(pattern = "^[A-Z]{3}$"))]
    currency: String,
    /// Further currencies.
    #[garde(length(max = 20))]
    #[serde(default)]
    currencies: Vec<String>,
    /// Where the store is (ISO 3166-1 alpha-2). Stores of the European Union start with their country's standard tax rate.
    #[garde(length(max = 2))]
    #[salvo(schema(pattern = "^[A-Z]{2}$"))]
    country: String,
    /// A name of the IANA time zone database. Reports count days in it.
    #[garde(length(max = 64))]
    #[salvo(schema(max_length = 64))]
    time_zone: String,
    /// Whether prices contain the tax.
    #[garde(skip)]
    prices_include_tax: bool,
}

/// A store to be, and who its owner is elsewhere.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct OpenStoreByProvider {
    /// What the browser came back with. Refused for any field, it goes on working.
    #[garde(length(max = 100))]
    #[salvo(schema(max_length = 100))]
    grant: String,
    /// The text whose challenge the flow began with.
    #[garde(length(max = 128))]
    #[salvo(schema(min_length = 43, max_length = 128))]
    code_verifier: String,
    /// Six digits of an authenticator, or a recovery code: for an account that has a second factor.
    #[garde(inner(length(max = 40)))]
    #[salvo(schema(max_length = 40))]
    second_factor_code: Option<String>,
    /// The owner's own name, for a new account.
    #[garde(length(chars, min = 1, max = 100))]
    #[salvo(schema(min_length = 1, max_length = 100))]
    owner_name: String,
    /// The store answers on `{slug}.{base domain}`.
    #[garde(length(max = 40))]
    #[salvo(schema(min_length = 3, max_length = 40, pattern = "^[a-z0-9][a-z0-9-]*[a-z0-9]$"))]
    slug: String,
    #[garde(length(chars, min = 1, max = 100))]
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: String,
    /// The main currency (ISO 4217).
    #[garde(length(max = 3))]
    #[salvo(schema(pattern = "^[A-Z]{3}$"))]
    currency: String,
    /// Further currencies.
    #[garde(length(max = 20))]
    #[serde(default)]
    currencies: Vec<String>,
    /// Where the store is (ISO 3166-1 alpha-2).
    #[garde(length(max = 2))]
    #[salvo(schema(pattern = "^[A-Z]{2}$"))]
    country: String,
    /// A name of the IANA time zone database. Reports count days in it.
    #[garde(length(max = 64))]
    #[salvo(schema(max_length = 64))]
    time_zone: String,
    /// Whether prices contain the tax.
    #[garde(skip)]
    prices_include_tax: bool,
}

/// A store that can sell. The secrets are shown here and never again.
#[derive(Debug, Serialize, ToSchema)]
struct Opened {
    store: Store,
    /// The address of its storefront API.
    storefront_url: String,
    /// Opens the storefront; may be published.
    publishable_key: String,
    /// May do everything in the store; keep it secret.
    secret_key: String,
    /// The owner's session.
    #[serde(flatten)]
    session: Tokens,
}

/// Open a store.
///
/// Makes the account (or takes the one whose password this is), the store with its host name, settings, first location, tax and
/// shipping rules, and two keys: all of it or nothing.
#[endpoint]
async fn open(state: State, device: Device, body: Body<OpenStore>, res: &mut Response) -> Result<Created<Opened>, Problem> {
    let (Owner { email, password, second_factor_code }, new) = body.0.into_parts();
    state.limiter.password_for(Door::Account, email.as_str()).await.admit(res)?;
    let (platform, host_of) = (state.database.platform(), |slug: &str| state.config.public_url.store_host(slug));
    let asked = ((&email, password.as_str(), second_factor_code.as_deref()), new);
    let opened = stores::open_store(&platform, &state.passwords, state.means(), host_of, asked, &device.0).await?;
    Opened::of(&state, opened)
}

/// Open a store by a provider.
///
/// As opening one with a password: for the account that the identity is linked to, or for a new one, which has no password and the address
/// that the provider has proved. An address that has another account signs in to that first.
#[endpoint]
async fn open_by_provider(state: State, device: Device, body: Body<OpenStoreByProvider>) -> Result<Created<Opened>, Problem> {
    let (platform, host_of) = (state.database.platform(), |slug: &str| state.config.public_url.store_host(slug));
    let code = body.0.second_factor_code.clone();
    let (brought, new) = body.0.into_parts();
    let asked = ((&brought, code.as_deref()), new);
    let opened = stores::open_store_by_provider(&platform, (&state.providers, state.means()), host_of, asked, &device.0).await?;
    Opened::of(&state, opened)
}

impl Opened {
    fn of(state: &State, opened: OpenedStore) -> Result<Created<Self>, Problem> {
        let OpenedStore { tenant, slug, settings, publishable_key, secret_key, session, .. } = opened;
        let (session, storefront_url) = (tokens::issue(state, session)?, state.config.public_url.store_url(&slug));
        let store = Store::new(tenant, slug, "active", settings);
        Ok(Created::at("/vendor/v1/store", Self { store, storefront_url, publishable_key, secret_key, session }))
    }
}

/// Who opens a store with a password.
struct Owner {
    email: Email,
    password: String,
    second_factor_code: Option<String>,
}

impl OpenStore {
    fn into_parts(self) -> (Owner, NewStore) {
        let new = NewStore {
            owner_name: self.owner_name,
            slug: self.slug,
            name: self.name,
            currency: self.currency,
            currencies: self.currencies,
            country: self.country,
            time_zone: self.time_zone,
            prices_include_tax: self.prices_include_tax,
        };
        (Owner { email: self.email, password: self.password, second_factor_code: self.second_factor_code }, new)
    }
}

impl OpenStoreByProvider {
    fn into_parts(self) -> (Brought, NewStore) {
        let new = NewStore {
            owner_name: self.owner_name,
            slug: self.slug,
            name: self.name,
            currency: self.currency,
            currencies: self.currencies,
            country: self.country,
            time_zone: self.time_zone,
            prices_include_tax: self.prices_include_tax,
        };
        (Brought { grant: self.grant, verifier: self.code_verifier }, new)
    }
}
