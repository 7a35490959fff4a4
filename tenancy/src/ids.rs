//! Typed ids: UUIDs made by us, each with a type of its own, shown with a prefix (`prod_01h455vb4pex5vsknk084sn02q`) and
//! never accepted with another. The text form is a TypeID (<https://github.com/jetify-com/typeid>): Crockford base32,
//! 26 characters, the first at most `7`.

use std::fmt;

use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The text is not an id of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id that starts with `{expected}_`")]
pub struct IdError {
    pub expected: &'static str,
}

/// What all typed ids share.
pub trait TypedId: Copy + fmt::Display + std::str::FromStr<Err = IdError> + Send + Sync + 'static {
    const PREFIX: &'static str;
    fn uuid(self) -> Uuid;
    fn from_uuid(uuid: Uuid) -> Self;
}

#[doc(hidden)]
pub fn write_id(f: &mut fmt::Formatter<'_>, prefix: &str, uuid: Uuid) -> fmt::Result {
    let number = uuid.as_u128();
    let mut text = [0_u8; 26];
    for (place, character) in text.iter_mut().enumerate() {
        let shift = 125 - 5 * u32::try_from(place).unwrap_or(0);
        *character = ALPHABET[usize::try_from((number >> shift) & 31).unwrap_or(0)];
    }
    write!(f, "{prefix}_{}", std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
}

#[doc(hidden)]
pub fn read_id(text: &str, prefix: &'static str) -> Result<Uuid, IdError> {
    let wrong = IdError { expected: prefix };
    let digits = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or(wrong)?;
    if digits.len() != 26 || digits.as_bytes()[0] > b'7' {
        return Err(wrong);
    }
    let mut number = 0_u128;
    for digit in digits.bytes() {
        let value = ALPHABET.iter().position(|&letter| letter == digit).ok_or(wrong)?;
        number = (number << 5) | value as u128;
    }
    Ok(Uuid::from_u128(number))
}

/// Defines a typed id with its prefix.
#[macro_export]
macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($crate::reexport::uuid::Uuid);

        impl $name {
            pub const PREFIX: &'static str = $prefix;

            /// A new id; ids made later sort later.
            #[expect(clippy::new_without_default, reason = "a default that differs each time would surprise")]
            pub fn new() -> Self {
                Self($crate::reexport::uuid::Uuid::now_v7())
            }

            pub const fn from_uuid(uuid: $crate::reexport::uuid::Uuid) -> Self {
                Self(uuid)
            }

            pub const fn uuid(self) -> $crate::reexport::uuid::Uuid {
                self.0
            }
        }

        impl $crate::TypedId for $name {
            const PREFIX: &'static str = $prefix;

            fn uuid(self) -> $crate::reexport::uuid::Uuid {
                self.0
            }

            fn from_uuid(uuid: $crate::reexport::uuid::Uuid) -> Self {
                Self(uuid)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                $crate::write_id(f, $prefix, self.0)
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(self, f)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::IdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::read_id(text, $prefix).map(Self)
            }
        }

        impl $crate::reexport::serde::Serialize for $name {
            fn serialize<S: $crate::reexport::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> $crate::reexport::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::reexport::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <::std::borrow::Cow<'de, str> as $crate::reexport::serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err($crate::reexport::serde::de::Error::custom)
            }
        }

        impl From<$name> for $crate::reexport::sea_orm::Value {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }

        impl $crate::reexport::sea_orm::TryGetable for $name {
            fn try_get_by<I: $crate::reexport::sea_orm::ColIdx>(
                row: &$crate::reexport::sea_orm::QueryResult,
                index: I,
            ) -> Result<Self, $crate::reexport::sea_orm::TryGetError> {
                <$crate::reexport::uuid::Uuid as $crate::reexport::sea_orm::TryGetable>::try_get_by(row, index).map(Self)
            }
        }

        impl $crate::reexport::sea_orm::sea_query::ValueType for $name {
            fn try_from(
                value: $crate::reexport::sea_orm::Value,
            ) -> Result<Self, $crate::reexport::sea_orm::sea_query::ValueTypeErr> {
                <$crate::reexport::uuid::Uuid as $crate::reexport::sea_orm::sea_query::ValueType>::try_from(value).map(Self)
            }

            fn type_name() -> String {
                stringify!($name).to_owned()
            }

            fn array_type() -> $crate::reexport::sea_orm::sea_query::ArrayType {
                $crate::reexport::sea_orm::sea_query::ArrayType::Uuid
            }

            fn column_type() -> $crate::reexport::sea_orm::sea_query::ColumnType {
                $crate::reexport::sea_orm::sea_query::ColumnType::Uuid
            }
        }

        impl $crate::reexport::sea_orm::sea_query::Nullable for $name {
            fn null() -> $crate::reexport::sea_orm::Value {
                <$crate::reexport::uuid::Uuid as $crate::reexport::sea_orm::sea_query::Nullable>::null()
            }
        }

        impl $crate::reexport::sea_orm::IntoActiveValue<$name> for $name {
            fn into_active_value(self) -> $crate::reexport::sea_orm::ActiveValue<$name> {
                $crate::reexport::sea_orm::ActiveValue::Set(self)
            }
        }

        impl $crate::reexport::sea_orm::sea_query::postgres_array::NotU8 for $name {}

        impl $crate::reexport::sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, $crate::reexport::sea_orm::DbErr> {
                Err($crate::reexport::sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    };
}

typed_id!(
    /// A tenant: one store and all it owns.
    TenantId, "tnt"
);
typed_id!(
    /// A person of the vendor side, known to the whole platform.
    AccountId, "acct"
);
typed_id!(
    /// A person who runs the platform.
    OperatorId, "oper"
);
typed_id!(
    /// A person known to one store only, who buys there.
    CustomerId, "cus"
);
typed_id!(
    /// A key that a store's software calls with.
    ApiKeyId, "key"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text_and_refuses_other_prefixes() {
        for uuid in [Uuid::nil(), Uuid::max(), Uuid::now_v7()] {
            let id = TenantId::from_uuid(uuid);
            assert_eq!(id.to_string().parse::<TenantId>(), Ok(id));
            assert!(id.to_string().parse::<AccountId>().is_err());
        }
        // The example of the TypeID specification.
        let known = TenantId::from_uuid(Uuid::from_u128(0x0188_bac7_4afa_78aa_bc3b_bd1e_ef28_d881));
        assert_eq!(known.to_string(), "tnt_01h2xcejqtf2nbrexx3vqjhp41");
    }

    #[test]
    fn text_that_is_no_id_is_refused() {
        let too_great = "tnt_8zzzzzzzzzzzzzzzzzzzzzzzzz";
        for text in [
            "",
            "tnt",
            "tnt_",
            "tnt_01h2xcejqtf2nbrexx3vqjhp4",
            "tnt_01H2XCEJQTF2NBREXX3VQJHP41",
            too_great,
            "tnt_0ıh2xcejqtf2nbrexx3vqjhp4",
        ] {
            assert!(text.parse::<TenantId>().is_err(), "{text:?} must not be an id");
        }
    }
}
