//! Which methods take a weight to a country, and for how much.

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde::Deserialize;
use tenancy::TenantTx;
use uuid::Uuid;

use super::Error;
use crate::ids::ShippingMethodId;
use crate::money::{Currency, Money};

/// What a shopper may choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    pub method_id: ShippingMethodId,
    pub name: String,
    pub amount: Money,
    pub tax_class: String,
}

/// A method with its rates in one currency.
#[derive(Clone, Debug, Deserialize)]
pub struct Offer {
    pub method_id: Uuid,
    pub name: String,
    pub tax_class: String,
    pub bands: Vec<Band>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Band {
    /// Inclusive; without it, any weight.
    pub up_to_grams: Option<i64>,
    pub amount: i64,
}

/// The offers that take `weight_grams`, each at its narrowest band.
pub fn quotes(offers: &[Offer], currency: Currency, weight_grams: i64) -> Vec<Quote> {
    let quote = |offer: &Offer| {
        let fits = offer.bands.iter().filter(|band| band.up_to_grams.is_none_or(|bound| weight_grams <= bound));
        let band = fits.min_by_key(|band| band.up_to_grams.unwrap_or(i64::MAX))?;
        Some(Quote {
            method_id: ShippingMethodId::from_uuid(offer.method_id),
            name: offer.name.clone(),
            amount: Money { minor: band.amount, currency },
            tax_class: offer.tax_class.clone(),
        })
    };
    offers.iter().filter_map(quote).collect()
}

/// What it costs to send `weight_grams` to `country`, in one statement. Nothing, where the store does not ship.
///
/// # Errors
/// Only the database's.
pub async fn options(tx: &TenantTx, country: &str, currency: Currency, weight_grams: i64) -> Result<Vec<Quote>, Error> {
    let sql = format!("SELECT {} AS offers", offers_json("$1", "$2"));
    let values = [country.into(), currency.to_string().into()];
    let row = tx.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
    let offers = row.map(|row| row.try_get::<Option<serde_json::Value>>("", "offers")).transpose()?.flatten();
    Ok(quotes(&parse_offers(offers), currency, weight_grams))
}

/// The SQL of the active methods of a country's zone with their rates in a currency, as one JSON array, for a statement
/// that asks for more than them. Both arguments are SQL expressions.
pub(crate) fn offers_json(country: &str, currency: &str) -> String {
    format!(
        "(SELECT json_agg(json_build_object('method_id', method.id, 'name', method.name, 'tax_class', method.tax_class,
                                            'bands', rates.bands) ORDER BY method.position, method.id)
          FROM shipping_zone_countries AS place
          JOIN shipping_methods AS method ON method.tenant_id = place.tenant_id AND method.zone_id = place.zone_id AND method.is_active
          JOIN LATERAL (SELECT json_agg(json_build_object('up_to_grams', up_to_grams, 'amount', amount)) AS bands
                        FROM shipping_rates AS rate
                        WHERE rate.tenant_id = method.tenant_id AND rate.method_id = method.id AND rate.currency = {currency}
                       ) AS rates ON rates.bands IS NOT NULL
          WHERE place.tenant_id = (SELECT current_setting('app.tenant_id')::uuid) AND place.country = {country})"
    )
}

/// Reads what [`offers_json`] answers.
pub(crate) fn parse_offers(offers: Option<serde_json::Value>) -> Vec<Offer> {
    offers.map(|offers| serde_json::from_value(offers).expect("offers_json answers offers")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(bands: &[(Option<i64>, i64)]) -> Offer {
        let bands = bands.iter().map(|&(up_to_grams, amount)| Band { up_to_grams, amount }).collect();
        Offer { method_id: Uuid::nil(), name: "Post".into(), tax_class: "standard".into(), bands }
    }

    #[test]
    fn the_narrowest_band_that_holds_the_weight_wins_in_any_order() {
        let parcel = offer(&[(None, 1_500), (Some(2_000), 700), (Some(500), 300)]);
        for (weight, amount) in [(0, 300), (500, 300), (501, 700), (2_000, 700), (2_001, 1_500), (i64::MAX, 1_500)] {
            let found = quotes(std::slice::from_ref(&parcel), "EUR".parse().unwrap(), weight);
            assert_eq!(found[0].amount.minor, amount, "{weight} g");
        }
    }

    #[test]
    fn a_weight_above_the_last_band_is_not_taken() {
        let letter = offer(&[(Some(500), 300)]);
        assert!(quotes(&[letter], "EUR".parse().unwrap(), 501).is_empty());
    }
}
