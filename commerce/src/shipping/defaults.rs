//! What a store ships by before its owner has said anything.

use tenancy::TenantTx;

use super::{Error, Kind, NewMethod, NewZone, Rate, methods, zones};
use crate::clock::Clock;
use crate::money::{Currency, Money};
use crate::tax;

/// Sets a new store up to ship within its own country: one zone with one flat method. Only inserts, so that it may run in
/// the platform's transaction that opens the store.
///
/// # Errors
/// The store has these rules already.
pub async fn defaults(tx: &TenantTx, clock: &Clock, country: &str, currency: Currency) -> Result<(), Error> {
    let zone = zones::insert(tx, clock, NewZone { name: "Domestic".into(), countries: vec![country.to_owned()] }).await?;
    let standard = NewMethod {
        zone_id: zone.id,
        name: "Standard".into(),
        kind: Kind::Flat,
        tax_class: tax::STANDARD_CLASS.into(),
        position: 0,
        is_active: true,
        rates: vec![Rate { up_to_grams: None, amount: first_rate(currency) }],
    };
    methods::insert(tx, clock, standard).await?;
    Ok(())
}

/// 4.90; in a currency without decimals 490, since its unit is then worth about a cent.
fn first_rate(currency: Currency) -> Money {
    let minor = if currency.exponent() == 3 { 4_900 } else { 490 };
    Money { minor, currency }
}

#[cfg(test)]
mod tests {
    use super::first_rate;

    #[test]
    fn the_first_rate_reads_well_in_every_currency() {
        for (code, amount) in [("EUR", "4.90"), ("JPY", "490"), ("KWD", "4.900")] {
            assert_eq!(first_rate(code.parse().unwrap()).amount(), amount);
        }
    }
}
