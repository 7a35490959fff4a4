use salvo::oapi::{Components, RefOr, Schema, ToSchema};
use serde::{Deserialize, Deserializer};

/// A field of a PATCH body: absent leaves, `null` clears, a value sets. The field needs `#[serde(default)]`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Patch<T> {
    #[default]
    Absent,
    Null,
    Value(T),
}

impl<T> Patch<T> {
    /// Nothing to do, clear, or set: as operations take it.
    pub fn change<U: From<T>>(self) -> Option<Option<U>> {
        match self {
            Self::Absent => None,
            Self::Null => Some(None),
            Self::Value(value) => Some(Some(value.into())),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

impl<T: ToSchema> ToSchema for Patch<T> {
    fn to_schema(components: &mut Components) -> RefOr<Schema> {
        Option::<T>::to_schema(components)
    }
}
