//! That an account has one more way to sign in, or one fewer.

use serde::{Deserialize, Serialize};
use tenancy::AccountId;
use uuid::Uuid;

use crate::outbox::Fact;

/// Somebody who was signed in added a way to sign in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IdentityLinked {
    pub account_id: AccountId,
    /// Whose word it is from now on: `https://accounts.google.com`.
    pub issuer: String,
}

/// Somebody who was signed in took a way to sign in away.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IdentityUnlinked {
    pub account_id: AccountId,
    pub issuer: String,
}

impl Fact for IdentityLinked {
    const CODE: &'static str = "identity.identity_linked";
    const AGGREGATE: &'static str = "account";

    fn aggregate_id(&self) -> Uuid {
        self.account_id.uuid()
    }
}

impl Fact for IdentityUnlinked {
    const CODE: &'static str = "identity.identity_unlinked";
    const AGGREGATE: &'static str = "account";

    fn aggregate_id(&self) -> Uuid {
        self.account_id.uuid()
    }
}
