use std::{fmt, str::FromStr, sync::Arc};

use sea_orm::{DbErr, QueryResult, Value};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use tenancy::{BuiltInRole, Permission};

use crate::ids::RoleId;

/// How the column `role` says that `role_id` names one of the store's own.
const CUSTOM: &str = "custom";

/// Which role: one that every store has, by its word, or one of the store's own, by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoleRef {
    BuiltIn(BuiltInRole),
    Custom(RoleId),
}

/// What a member may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    pub id: RoleRef,
    pub name: String,
    pub permissions: Arc<[Permission]>,
}

impl RoleRef {
    /// The columns `role` and `role_id`.
    pub(crate) fn columns(self) -> [Value; 2] {
        match self {
            Self::BuiltIn(role) => [role.as_str().into(), None::<RoleId>.into()],
            Self::Custom(id) => [CUSTOM.into(), id.into()],
        }
    }
}

impl Role {
    /// What [`Role::of`] reads: `role` and `role_id` of one table, the rest of `roles r` joined to it.
    pub(crate) const COLUMNS: &'static str = "role, role_id, r.name AS role_name, r.permissions AS role_permissions";

    pub(crate) fn of(row: &QueryResult) -> Result<Self, DbErr> {
        let word: String = row.try_get("", "role")?;
        if word != CUSTOM {
            return word.parse::<BuiltInRole>().map(Self::from).map_err(|error| DbErr::Type(error.to_string()));
        }
        let permissions: Vec<String> = row.try_get("", "role_permissions")?;
        Ok(Self { id: RoleRef::Custom(row.try_get("", "role_id")?), name: row.try_get("", "role_name")?, permissions: known(&permissions) })
    }

    pub fn is_built_in(&self) -> bool {
        matches!(self.id, RoleRef::BuiltIn(_))
    }

    pub(super) fn is_owner(&self) -> bool {
        self.id == RoleRef::BuiltIn(BuiltInRole::Owner)
    }

    pub(super) fn is_for_owners_to_give(&self) -> bool {
        matches!(self.id, RoleRef::BuiltIn(role) if role.is_for_owners_to_give())
    }
}

impl From<BuiltInRole> for Role {
    fn from(role: BuiltInRole) -> Self {
        Self { id: RoleRef::BuiltIn(role), name: role.name().to_owned(), permissions: role.permissions().into() }
    }
}

/// A word that this version does not know grants nothing.
pub(super) fn known(words: &[String]) -> Arc<[Permission]> {
    words.iter().filter_map(|word| word.parse().ok()).collect()
}

impl fmt::Display for RoleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn(role) => role.fmt(f),
            Self::Custom(id) => id.fmt(f),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown variant `{0}`: name a built-in role, such as `catalogue`, or one of the store's own by its id")]
pub struct NoRole(String);

impl FromStr for RoleRef {
    type Err = NoRole;

    fn from_str(text: &str) -> Result<Self, NoRole> {
        let own = || text.parse().map(Self::Custom).map_err(|_| NoRole(text.to_owned()));
        text.parse().map(Self::BuiltIn).or_else(|_| own())
    }
}

impl Serialize for RoleRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RoleRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_named_by_its_word_or_its_id() {
        let own = RoleRef::Custom(RoleId::new());
        for role in [RoleRef::BuiltIn(BuiltInRole::ReadOnly), own] {
            assert_eq!(role.to_string().parse(), Ok(role));
        }
        for wrong in ["", "staff", "custom", "Owner", "role_", "acct_01h2xcejqtf2nbrexx3vqjhp41"] {
            assert!(wrong.parse::<RoleRef>().is_err(), "{wrong}");
        }
        assert_eq!(&*known(&["read_orders".into(), "fly".into()]), [Permission::ReadOrders]);
    }
}
