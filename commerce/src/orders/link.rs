//! The secret link by which a guest follows an order: HMAC-SHA-256 over tenant and order, so that it need not be stored,
//! cannot be guessed, and is worth nothing in another store.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use tenancy::TenantId;

use crate::ids::OrderId;

/// Makes and checks order links. Cheap to clone.
#[derive(Clone)]
pub struct OrderLinks {
    key: hmac::Key,
}

impl OrderLinks {
    /// `secret` is the deployment's secret key; at least 32 bytes of it are random.
    pub fn new(secret: &[u8]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, secret) }
    }

    pub fn token(&self, tenant: TenantId, order: OrderId) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, &message(tenant, order)))
    }

    /// Takes the same time for every wrong token.
    pub fn is_valid(&self, tenant: TenantId, order: OrderId, token: &str) -> bool {
        let tag = BASE64_URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        hmac::verify(&self.key, &message(tenant, order), &tag).is_ok()
    }
}

fn message(tenant: TenantId, order: OrderId) -> Vec<u8> {
    [b"order-link\0", tenant.uuid().as_bytes().as_slice(), order.uuid().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_one_order_of_one_store() {
        let links = OrderLinks::new(&[7; 32]);
        let (tenant, order) = (TenantId::new(), OrderId::new());
        let token = links.token(tenant, order);
        assert!(links.is_valid(tenant, order, &token));
        assert!(!links.is_valid(TenantId::new(), order, &token));
        assert!(!links.is_valid(tenant, OrderId::new(), &token));
        assert!(!OrderLinks::new(&[8; 32]).is_valid(tenant, order, &token));
        for wrong in ["", "x", &token[1..], &format!("{token}A")] {
            assert!(!links.is_valid(tenant, order, wrong));
        }
    }
}
