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
    ReadTeam = "read_team",
    WriteTeam = "write_team",
    ReadAudit = "read_audit",
    ReadIdentityProviders = "read_identity_providers",
    WriteIdentityProviders = "write_identity_providers",
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

macro_rules! built_in_roles {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $name:literal;)+) => {
        /// What a member of a store is there for: the roles that every store has. Stores add their own, of the same permissions.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum BuiltInRole { $($(#[$doc])* $variant),+ }

        impl BuiltInRole {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// As people read it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

built_in_roles! {
    /// May do everything in the store; alone makes and unmakes owners and administrators.
    Owner = "owner", "Owner";
    /// May do what owners may, but for that.
    Administrator = "administrator", "Administrator";
    /// Says what is sold, and counts it.
    Catalogue = "catalogue", "Catalogue";
    /// Ships, cancels, refunds.
    Orders = "orders", "Orders";
    /// Answers shoppers: sees what they bought, moves no money.
    Support = "support", "Support";
    /// Sees what sells.
    Analyst = "analyst", "Analyst";
    /// Sees everything, changes nothing.
    ReadOnly = "read_only", "Read only";
}

impl BuiltInRole {
    /// Every role reads the settings: without currency and time zone no amount and no day can be shown.
    pub const fn permissions(self) -> &'static [Permission] {
        use Permission::{
            ReadAnalytics, ReadAudit, ReadCustomers, ReadIdentityProviders, ReadKeys, ReadOrders, ReadProducts, ReadSettings, ReadStock,
            ReadTeam, WriteCustomers, WriteOrders, WriteProducts, WriteStock,
        };
        match self {
            Self::Owner | Self::Administrator => Permission::ALL,
            Self::Catalogue => &[ReadProducts, WriteProducts, ReadStock, WriteStock, ReadSettings],
            Self::Orders => &[ReadProducts, ReadStock, ReadOrders, WriteOrders, ReadCustomers, WriteCustomers, ReadSettings],
            Self::Support => &[ReadProducts, ReadStock, ReadOrders, ReadCustomers, WriteCustomers, ReadSettings],
            Self::Analyst => &[ReadProducts, ReadOrders, ReadAnalytics, ReadSettings],
            Self::ReadOnly => &[
                ReadProducts,
                ReadStock,
                ReadOrders,
                ReadCustomers,
                ReadAnalytics,
                ReadSettings,
                ReadKeys,
                ReadTeam,
                ReadAudit,
                ReadIdentityProviders,
            ],
        }
    }

    /// Whether only an owner makes and unmakes members of this role.
    pub const fn is_for_owners_to_give(self) -> bool {
        matches!(self, Self::Owner | Self::Administrator)
    }
}

impl fmt::Display for BuiltInRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for BuiltInRole {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|role| role.as_str() == text).ok_or_else(|| UnknownWord(text.to_owned()))
    }
}

/// What an operator who supports a store may there: see everything but its keys and providers, and set right what is sold and how much of it there is.
/// Never money, keys, the team, customers or settings.
pub const SUPPORT: &[Permission] = {
    use Permission::{
        ReadAnalytics, ReadAudit, ReadCustomers, ReadOrders, ReadProducts, ReadSettings, ReadStock, ReadTeam, WriteProducts, WriteStock,
    };
    &[ReadProducts, WriteProducts, ReadStock, WriteStock, ReadOrders, ReadCustomers, ReadAnalytics, ReadSettings, ReadTeam, ReadAudit]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_only_reads_reads_everything() {
        let reads: Vec<_> = Permission::ALL.iter().copied().filter(|permission| permission.as_str().starts_with("read_")).collect();
        assert_eq!(BuiltInRole::ReadOnly.permissions(), reads);
    }

    #[test]
    fn support_reads_all_but_doors_and_writes_the_catalogue_alone() {
        for permission in Permission::ALL {
            let may = match permission.as_str().split_once('_') {
                Some(("read", resource)) => !["keys", "identity_providers"].contains(&resource),
                Some((_, resource)) => ["products", "stock"].contains(&resource),
                None => false,
            };
            assert_eq!(SUPPORT.contains(permission), may, "{permission}: decide here whether support may");
        }
    }

    #[test]
    fn who_may_write_may_read_what_they_write() {
        for role in BuiltInRole::ALL {
            for written in role.permissions().iter().filter_map(|permission| permission.as_str().strip_prefix("write_")) {
                let read: Permission = format!("read_{written}").parse().unwrap();
                assert!(role.permissions().contains(&read), "{role} writes {written} unseen");
            }
            assert_eq!(role.as_str().parse(), Ok(*role));
        }
    }
}
