//! Who may: one flat vocabulary, `read_<resource>` and `write_<resource>`, for roles, keys and guards alike.

use std::{fmt, str::FromStr};

macro_rules! permissions {
    ($($variant:ident = $word:literal),+ $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission { $($variant),+ }

        impl Permission {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

permissions! {
    ReadProducts = "read_products",
    WriteProducts = "write_products",
    ReadStock = "read_stock",
    WriteStock = "write_stock",
    ReadOrders = "read_orders",
    WriteOrders = "write_orders",
    ReadCustomers = "read_customers",
    WriteCustomers = "write_customers",
    ReadAnalytics = "read_analytics",
    ReadSettings = "read_settings",
    WriteSettings = "write_settings",
    ReadKeys = "read_keys",
    WriteKeys = "write_keys",
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is not in the vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not known here")]
pub struct UnknownWord(pub String);

impl FromStr for Permission {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|permission| permission.as_str() == text).ok_or_else(|| UnknownWord(text.to_owned()))
    }
}

/// What a member of a store is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// May do everything in the store.
    Owner,
    /// Sells and ships; neither settings nor keys.
    Staff,
}

impl Role {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Staff => "staff",
        }
    }

    pub const fn permissions(self) -> &'static [Permission] {
        use Permission::{
            ReadAnalytics, ReadCustomers, ReadOrders, ReadProducts, ReadSettings, ReadStock, WriteOrders, WriteProducts, WriteStock,
        };
        match self {
            Self::Owner => Permission::ALL,
            Self::Staff => {
                &[ReadProducts, WriteProducts, ReadStock, WriteStock, ReadOrders, WriteOrders, ReadCustomers, ReadAnalytics, ReadSettings]
            }
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "owner" => Ok(Self::Owner),
            "staff" => Ok(Self::Staff),
            other => Err(UnknownWord(other.to_owned())),
        }
    }
}
