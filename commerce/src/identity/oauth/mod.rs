//! Signing in by other providers (OAuth 2.0 with PKCE, OpenID Connect): who somebody is there opens an account, or a customer's
//! account of one store.
//!
//! A browser goes there and back without cookies. A client begins a flow with the challenge of a secret that it keeps; the provider
//! sends the browser back to our one address, which sends it on to the client with a grant; the client finishes with grant and
//! secret. A grant that was stolen on its way, or planted, opens nothing.
//!
//! Promises
//! - An identity is issuer and subject, never an address: what a provider says of an address links nothing to an account that was
//!   there before, and an address that no provider has proved makes no account.
//! - State, nonce, PKCE verifier and grant are derived from their flow's id; none of them is stored. A state comes back once, a grant
//!   works once, in its own store, for the purpose that its flow began for.
//! - A browser is sent on to registered addresses alone, compared letter by letter.
//! - What a provider publishes is fetched bounded ([`crate::outside`]), once for all who wait for it, and kept for a while whatever
//!   it says itself; no transaction is open meanwhile. A provider that is away is away alone.
//! - Every sign-in of an account ends in the same last step as with a password.
//!
//! Locks: an account before its identities.

mod apple;
mod begin;
mod claims;
mod come_back;
mod configured;
mod documents;
mod error;
mod events;
mod exchange;
mod finish;
mod flows;
mod github;
pub mod identities;
mod provider;
pub mod return_urls;
mod secrets;
pub mod store_providers;

use std::sync::Arc;

use tenancy::TenantDb;

pub use begin::{Begin, Begun, begin, begin_as_customer};
pub use come_back::{Returned, come_back};
pub use configured::{Configured, Offered};
pub use documents::Patience;
pub use error::Error;
pub use events::{IdentityLinked, IdentityUnlinked};
pub use exchange::Proof;
pub use finish::{Brought, sign_in};
pub(crate) use finish::{look, look_as_customer, new_account, redeem, redeem_as_customer};
pub use provider::{Described, Kind, Provider};

use self::documents::Documents;
use super::Codes;
use crate::{ids::IdentityProviderId, outside::Outside, seal::Seal};

/// The providers that the platform offers, and what is needed to talk to any. Cheap to clone.
#[derive(Clone)]
pub struct Providers(Arc<Inner>);

struct Inner {
    offered: Vec<Offered>,
    return_urls: Vec<String>,
    redirect_uri: String,
    outside: Outside,
    documents: Documents,
    seal: Seal,
    codes: Codes,
}

impl Providers {
    /// `public_url` is where browsers reach the platform: providers are told to send them to `{public_url}/oauth/callback`.
    pub fn new(configured: Configured, public_url: &str, (outside, patience): (Outside, Patience), (seal, codes): (Seal, Codes)) -> Self {
        let redirect_uri = format!("{public_url}/oauth/callback");
        let documents = Documents::new(outside.clone(), patience);
        Self(Arc::new(Inner {
            offered: configured.offered,
            return_urls: configured.return_urls,
            redirect_uri,
            outside,
            documents,
            seal,
            codes,
        }))
    }

    /// Those by which accounts sign in.
    pub fn for_accounts(&self) -> impl Iterator<Item = &Provider> {
        self.0.offered.iter().filter(|offered| offered.to_accounts).map(|offered| &offered.provider)
    }

    /// Those of the platform by which the customers of every store may sign in.
    pub fn for_customers(&self) -> impl Iterator<Item = &Provider> {
        self.0.offered.iter().filter(|offered| offered.to_customers).map(|offered| &offered.provider)
    }

    fn of_accounts(&self, id: &str) -> Result<Provider, Error> {
        self.for_accounts().find(|provider| provider.id == id).cloned().ok_or(Error::UnknownProvider)
    }

    async fn of_customers(&self, db: &TenantDb, id: &str) -> Result<Provider, Error> {
        if let Some(provider) = self.for_customers().find(|provider| provider.id == id) {
            return Ok(provider.clone());
        }
        let id: IdentityProviderId = id.parse().map_err(|_| Error::UnknownProvider)?;
        store_providers::open(&db.begin().await?, self, id).await
    }

    pub(crate) fn outside(&self) -> &Outside {
        &self.0.outside
    }

    fn codes(&self) -> &Codes {
        &self.0.codes
    }
}
