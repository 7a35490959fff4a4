//! Who does something: written into histories and audit entries, never into a decision (that is [`crate::Permission`]).

use std::fmt;

use crate::{AccountId, ApiKeyId, CustomerId, OperatorId};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A shopper who has not signed in.
    Guest,
    Customer(CustomerId),
    Account(AccountId),
    Key(ApiKeyId),
    Operator(OperatorId),
    /// A job or a schedule.
    System,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Guest => f.write_str("guest"),
            Self::Customer(id) => write!(f, "customer:{id}"),
            Self::Account(id) => write!(f, "account:{id}"),
            Self::Key(id) => write!(f, "key:{id}"),
            Self::Operator(id) => write!(f, "operator:{id}"),
            Self::System => f.write_str("system"),
        }
    }
}
