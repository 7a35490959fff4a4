//! What happened to a customer.

use serde::{Deserialize, Serialize};
use tenancy::CustomerId;
use uuid::Uuid;

use crate::{identity::codes::Purpose, outbox::Fact};

/// Somebody has an account in the store now; nothing is proved yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CustomerRegistered {
    pub customer: CustomerId,
}

/// A code is to be mailed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CustomerCodeRequested {
    pub customer: CustomerId,
    pub code: Uuid,
    pub purpose: Purpose,
    /// Somebody registered the address again: the mail says that it has an account.
    pub is_registered: bool,
}

/// The address is the customer's own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CustomerVerified {
    pub customer: CustomerId,
}

/// The customer has another password.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CustomerPasswordChanged {
    pub customer: CustomerId,
}

/// The customer has another address, which is proved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CustomerEmailChanged {
    pub customer: CustomerId,
}

/// The customer added a way to sign in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CustomerIdentityLinked {
    pub customer: CustomerId,
    /// Whose word it is from now on: `https://accounts.google.com`.
    pub issuer: String,
}

/// The customer took a way to sign in away.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CustomerIdentityUnlinked {
    pub customer: CustomerId,
    pub issuer: String,
}

macro_rules! customer_facts {
    ($($name:ident = $code:literal),+) => { $(
        impl Fact for $name {
            const CODE: &'static str = $code;
            const AGGREGATE: &'static str = "customer";

            fn aggregate_id(&self) -> Uuid {
                self.customer.uuid()
            }
        }
    )+ };
}
customer_facts!(
    CustomerRegistered = "customers.registered",
    CustomerCodeRequested = "customers.code_requested",
    CustomerVerified = "customers.verified",
    CustomerPasswordChanged = "customers.password_changed",
    CustomerEmailChanged = "customers.email_changed",
    CustomerIdentityLinked = "customers.identity_linked",
    CustomerIdentityUnlinked = "customers.identity_unlinked"
);
