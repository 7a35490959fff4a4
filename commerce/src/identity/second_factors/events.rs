//! What happened to an account's second factors, told inside a store in which it works.

use serde::{Deserialize, Serialize};
use tenancy::AccountId;
use uuid::Uuid;

use crate::outbox::Fact;

macro_rules! of_accounts {
    ($($(#[$doc:meta])* $name:ident = $code:literal { $($(#[$field_doc:meta])* $field:ident: $kind:ty),* $(,)? })+) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct $name {
            pub account_id: AccountId,
            $($(#[$field_doc])* pub $field: $kind),*
        }

        impl Fact for $name {
            const CODE: &'static str = $code;
            const AGGREGATE: &'static str = "account";

            fn aggregate_id(&self) -> Uuid {
                self.account_id.uuid()
            }
        }
    )+ };
}

of_accounts! {
    /// An account has one more second factor.
    AccountSecondFactorAdded = "identity.account_second_factor_added" {
        /// Of the first: the code that undoes it.
        #[serde(default)]
        take_back: Option<Uuid>,
    }

    /// An account has one second factor less.
    AccountSecondFactorRemoved = "identity.account_second_factor_removed" {
        /// From now on the password alone opens the account.
        was_last: bool,
    }

    /// A recovery code stood in for an authenticator.
    AccountRecoveryCodeUsed = "identity.account_recovery_code_used" {
        left: i64,
    }

    /// An account has new recovery codes, and the old ones work no more.
    AccountRecoveryCodesReplaced = "identity.account_recovery_codes_replaced" {}
}
