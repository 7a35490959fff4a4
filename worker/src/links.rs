//! The addresses that mails point to.

use commerce::{
    identity::Codes,
    ids::{InvitationId, OrderId, TenantId},
    orders::OrderLinks,
};
use uuid::Uuid;

/// Cheap to clone.
#[derive(Clone)]
pub struct Links {
    scheme: String,
    /// Base domain, with the port if it is not the usual one.
    authority: String,
    orders: OrderLinks,
    codes: Codes,
}

impl Links {
    /// `public_url` is where the platform answers; each store answers on a name below it.
    ///
    /// # Errors
    /// It is no `http` address.
    pub fn new(public_url: &str, secret: &[u8]) -> anyhow::Result<Self> {
        let (scheme, authority) = public_url
            .trim_end_matches('/')
            .split_once("://")
            .filter(|(scheme, authority)| matches!(*scheme, "http" | "https") && !authority.is_empty() && !authority.contains('/'))
            .ok_or_else(|| anyhow::anyhow!("STOA_PUBLIC_URL is not an http address without a path"))?;
        Ok(Self { scheme: scheme.into(), authority: authority.into(), orders: OrderLinks::new(secret), codes: Codes::new(secret) })
    }

    pub fn store(&self, slug: &str) -> String {
        format!("{}://{slug}.{}", self.scheme, self.authority)
    }

    /// The code that a mail carries to an account's address.
    pub fn account_code(&self, id: Uuid) -> String {
        self.codes.write(id)
    }

    /// The code that a mail carries to who is invited to a store.
    pub fn invitation_code(&self, store: TenantId, id: InvitationId) -> String {
        self.codes.write_invitation(store, id)
    }

    /// The link by which whoever placed the order follows it.
    pub fn order(&self, slug: &str, tenant: TenantId, order: OrderId) -> String {
        format!("{}/storefront/v1/orders/{order}?token={}", self.store(slug), self.orders.token(tenant, order))
    }
}
