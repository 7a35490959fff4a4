//! A postal address, as a shopper gives it. Personal: it never shows itself in logs.

use std::fmt;

use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

use crate::{fault::FieldFault, text::clean_line};

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Address {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    pub line1: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line2: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postcode: Option<String>,
    pub city: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({}, …)", self.country)
    }
}

impl Address {
    /// The address in the form it is kept in.
    ///
    /// # Errors
    /// Every field that is wrong; pointers start with `pointer`.
    pub fn clean(self, pointer: &str) -> Result<Self, Vec<FieldFault>> {
        let mut faults = Vec::new();
        let mut line = |field: &str, text: String, max: usize| {
            clean_line(&format!("{pointer}/{field}"), &text, max).unwrap_or_else(|fault| {
                faults.push(fault);
                text
            })
        };
        let name = line("name", self.name, 100);
        let line1 = line("line1", self.line1, 200);
        let city = line("city", self.city, 100);
        let mut optional =
            |field: &str, text: Option<String>, max: usize| text.filter(|text| !text.trim().is_empty()).map(|text| line(field, text, max));
        let company = optional("company", self.company, 100);
        let line2 = optional("line2", self.line2, 200);
        let postcode = optional("postcode", self.postcode, 20);
        let region = optional("region", self.region, 100);
        let phone = optional("phone", self.phone, 40);
        if !is_country(&self.country) {
            faults.push(country_fault(&format!("{pointer}/country")));
        }
        let clean = Self { name, company, line1, line2, postcode, city, region, country: self.country, phone };
        if faults.is_empty() { Ok(clean) } else { Err(faults) }
    }
}

/// Whether the text is an officially assigned code of ISO 3166-1 alpha-2, in upper case.
pub fn is_country(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()) && rust_iso3166::from_alpha2(code).is_some()
}

pub fn country_fault(pointer: &str) -> FieldFault {
    FieldFault::new(pointer, "country", "must be a country code of two capital letters (ISO 3166-1), such as DE")
}
