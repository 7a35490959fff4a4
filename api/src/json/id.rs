use salvo::oapi::{BasicType, Components, Object, RefOr, Schema, ToSchema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use tenancy::TypedId;

/// A typed id in a body or an answer: `"prod_01h2xcejqtf2nbrexx3vqjhp41"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id<T>(pub T);

impl<T> From<T> for Id<T> {
    fn from(id: T) -> Self {
        Self(id)
    }
}

impl<T: TypedId> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: TypedId> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(D::Error::custom)
    }
}

impl<T: TypedId> ToSchema for Id<T> {
    fn to_schema(_: &mut Components) -> RefOr<Schema> {
        Schema::from(id_schema(T::PREFIX)).into()
    }
}

pub(crate) fn id_schema(prefix: &str) -> Object {
    Object::with_type(BasicType::String)
        .pattern(format!("^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$"))
        .example(format!("{prefix}_01h2xcejqtf2nbrexx3vqjhp41"))
}
