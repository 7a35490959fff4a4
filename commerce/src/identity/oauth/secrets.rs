//! What a flow's secrets are: derived from its id (HMAC with the platform's secret), so that a stolen table opens nothing.

use aws_lc_rs::digest;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use tenancy::{TenantDb, TenantId};
use uuid::Uuid;

use super::super::Codes;

const STATE_OF_ACCOUNT: (&str, &[u8]) = ("oa_", b"stoa oauth state of an account\0");
const STATE_OF_CUSTOMER: (&str, &[u8]) = ("oc_", b"stoa oauth state of a customer\0");
const GRANT_TO_ACCOUNT: (&str, &[u8]) = ("ga_", b"stoa oauth grant to an account\0");
const GRANT_TO_CUSTOMER: (&str, &[u8]) = ("gc_", b"stoa oauth grant to a customer\0");
const VERIFIER: &[u8] = b"stoa oauth verifier\0";
const NONCE: &[u8] = b"stoa oauth nonce\0";

/// Whose flow it is: one of the platform's accounts, or a store's customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    Account,
    Customer(TenantId),
}

impl Whose {
    pub fn customer(db: &TenantDb) -> Self {
        Self::Customer(db.tenant())
    }
}

impl Codes {
    /// What a provider gives back with the browser. It names the store too: the browser comes back to one address for all.
    pub(super) fn write_state(&self, whose: Whose, flow: Uuid) -> String {
        match whose {
            Whose::Account => self.encode(STATE_OF_ACCOUNT.0, STATE_OF_ACCOUNT.1, flow.as_bytes()),
            Whose::Customer(store) => {
                let named = [*store.uuid().as_bytes(), *flow.as_bytes()].concat();
                self.encode(STATE_OF_CUSTOMER.0, STATE_OF_CUSTOMER.1, &named)
            }
        }
    }

    pub(super) fn read_state(&self, state: &str) -> Option<(Whose, Uuid)> {
        if let Some(flow) = self.decode::<16>(STATE_OF_ACCOUNT.0, STATE_OF_ACCOUNT.1, state) {
            return Some((Whose::Account, Uuid::from_bytes(flow)));
        }
        let bytes = self.decode::<32>(STATE_OF_CUSTOMER.0, STATE_OF_CUSTOMER.1, state)?;
        let (store, flow) = bytes.split_at(16);
        Some((Whose::Customer(TenantId::from_uuid(Uuid::from_slice(store).ok()?)), Uuid::from_slice(flow).ok()?))
    }

    pub(super) fn write_grant(&self, whose: Whose, flow: Uuid) -> String {
        let (prefix, kind) = grant(whose);
        self.encode(prefix, kind, flow.as_bytes())
    }

    pub(super) fn read_grant(&self, whose: Whose, text: &str) -> Option<Uuid> {
        let (prefix, kind) = grant(whose);
        self.decode::<16>(prefix, kind, text).map(Uuid::from_bytes)
    }

    /// Our own PKCE verifier, as long as RFC 7636 asks for.
    pub(super) fn verifier(&self, flow: Uuid) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.sign(VERIFIER, flow.as_bytes()))
    }

    pub(super) fn nonce(&self, flow: Uuid) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.sign(NONCE, flow.as_bytes()))
    }
}

const fn grant(whose: Whose) -> (&'static str, &'static [u8]) {
    match whose {
        Whose::Account => GRANT_TO_ACCOUNT,
        Whose::Customer(_) => GRANT_TO_CUSTOMER,
    }
}

/// What a client's verifier must hash to: its challenge (S256 of RFC 7636).
pub(super) fn challenge_of(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_secret_is_good_for_one_thing() {
        let codes = Codes::new(b"a secret of thirty-two bytes or so");
        let (store, flow) = (TenantId::new(), Uuid::now_v7());
        for whose in [Whose::Account, Whose::Customer(store)] {
            let (state, grant) = (codes.write_state(whose, flow), codes.write_grant(whose, flow));
            assert_eq!(codes.read_state(&state), Some((whose, flow)));
            assert_eq!(codes.read_grant(whose, &grant), Some(flow));
            assert_eq!(codes.read_state(&grant), None);
            assert_eq!(codes.read(&grant.replacen("ga_", "code_", 1)), None);
            assert!(state.len() <= 100 && grant.len() <= 100, "as long as the API takes");
        }
        let as_customers = codes.write_grant(Whose::Account, flow).replacen("ga_", "gc_", 1);
        assert_eq!(codes.read_grant(Whose::Customer(store), &as_customers), None);
        assert_ne!(codes.verifier(flow), codes.nonce(flow));
        assert_eq!(codes.verifier(flow).len(), 43);
    }

    /// The example of RFC 7636, appendix B.
    #[test]
    fn a_challenge_is_that_of_the_rfc() {
        assert_eq!(challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
