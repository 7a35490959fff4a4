use commerce::address;
use salvo::oapi::ToSchema;
use serde::{Deserialize, Serialize};

/// A postal address.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Who lives or works there.
    #[salvo(schema(min_length = 1, max_length = 100))]
    pub name: String,
    #[salvo(schema(max_length = 100))]
    pub company: Option<String>,
    /// Street and number.
    #[salvo(schema(min_length = 1, max_length = 200))]
    pub line1: String,
    #[salvo(schema(max_length = 200))]
    pub line2: Option<String>,
    #[salvo(schema(max_length = 20))]
    pub postcode: Option<String>,
    #[salvo(schema(min_length = 1, max_length = 100))]
    pub city: String,
    /// State, province or county.
    #[salvo(schema(max_length = 100))]
    pub region: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[salvo(schema(pattern = "^[A-Z]{2}$", example = "DE"))]
    pub country: String,
    #[salvo(schema(max_length = 40))]
    pub phone: Option<String>,
}

impl From<Address> for address::Address {
    fn from(given: Address) -> Self {
        let Address { name, company, line1, line2, postcode, city, region, country, phone } = given;
        Self { name, company, line1, line2, postcode, city, region, country, phone }
    }
}

impl From<address::Address> for Address {
    fn from(kept: address::Address) -> Self {
        let address::Address { name, company, line1, line2, postcode, city, region, country, phone } = kept;
        Self { name, company, line1, line2, postcode, city, region, country, phone }
    }
}

/// An address is personal: it does not show itself in logs.
impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Address({}, …)", self.country)
    }
}
