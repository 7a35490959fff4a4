//! What happened to an account, told inside a store in which it works: mails are written in a store's name.

use serde::{Deserialize, Serialize};
use tenancy::AccountId;
use uuid::Uuid;

use super::codes::Purpose;
use crate::outbox::Fact;

/// A code is to be mailed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccountCodeRequested {
    pub account_id: AccountId,
    pub code_id: Uuid,
    pub purpose: Purpose,
    /// The code by which the address that is to be left takes the account back.
    #[serde(default)]
    pub take_back: Option<Uuid>,
}

impl Fact for AccountCodeRequested {
    const CODE: &'static str = "identity.account_code_requested";
    const AGGREGATE: &'static str = "account";

    fn aggregate_id(&self) -> Uuid {
        self.account_id.uuid()
    }
}

/// An account has another password.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccountPasswordChanged {
    pub account_id: AccountId,
}

impl Fact for AccountPasswordChanged {
    const CODE: &'static str = "identity.account_password_changed";
    const AGGREGATE: &'static str = "account";

    fn aggregate_id(&self) -> Uuid {
        self.account_id.uuid()
    }
}

/// An account was closed by its person. Nothing tells any more whose it was, but a farewell that is still to be mailed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccountClosed {
    pub account_id: AccountId,
    pub farewell: Uuid,
}

impl Fact for AccountClosed {
    const CODE: &'static str = "identity.account_closed";
    const AGGREGATE: &'static str = "account";

    fn aggregate_id(&self) -> Uuid {
        self.account_id.uuid()
    }
}
