use commerce::money;
use salvo::oapi::{BasicType, Components, Object, Ref, RefOr, Schema, ToSchema, schema::AdditionalProperties};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// `{"amount":"19.90","currency":"EUR"}`: the amount is text, with as many decimals as the currency has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money(pub money::Money);

impl From<money::Money> for Money {
    fn from(money: money::Money) -> Self {
        Self(money)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    amount: String,
    currency: String,
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written { amount: self.0.amount(), currency: self.0.currency.to_string() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(deserializer)?;
        let currency = written.currency.parse().map_err(D::Error::custom)?;
        money::Money::parse(&written.amount, currency).map(Self).map_err(D::Error::custom)
    }
}

impl ToSchema for Money {
    fn to_schema(components: &mut Components) -> RefOr<Schema> {
        let amount = Object::with_type(BasicType::String).pattern("^[0-9]{1,12}(\\.[0-9]{1,4})?$").example("19.90");
        let currency = Object::with_type(BasicType::String).pattern("^[A-Z]{3}$").description("ISO 4217 code.").example("EUR");
        let money = Object::new()
            .description("An amount with exactly as many decimals as its currency has (`\"19.90\"` EUR, `\"500\"` JPY).")
            .property("amount", amount)
            .required("amount")
            .property("currency", currency)
            .required("currency")
            .additional_properties(AdditionalProperties::FreeForm(false));
        components.schemas.insert("Money".to_owned(), Schema::from(money));
        Ref::from_schema_name("Money").into()
    }
}
