//! The rates of a method: what may be set, and how a set is replaced.

use std::collections::HashSet;

use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Set, Statement};
use tenancy::TenantTx;

use super::entity::shipping_rate::{ActiveModel, Column, Entity};
use super::{Error, Kind};
use crate::fault::FieldFault;
use crate::ids::{ShippingMethodId, ShippingRateId};
use crate::money::{Currency, Money};

/// A method may have this many rates over all currencies.
pub const MAX_RATES: usize = 200;

/// What a method costs, up to a weight where it goes by weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Inclusive. Without it the rate takes any weight: a flat rate, or the last band.
    pub up_to_grams: Option<i32>,
    pub amount: Money,
}

/// Checks a whole set of rates. Pure.
pub fn check(kind: Kind, rates: &[Rate], accepted: &[Currency]) -> Vec<FieldFault> {
    let fault = |pointer: String, code, detail: &str| FieldFault::new(pointer, code, detail);
    let mut faults = Vec::new();
    if rates.is_empty() || rates.len() > MAX_RATES {
        faults.push(fault("/rates".into(), "length", "must hold 1 to 200 rates"));
        return faults;
    }
    let mut seen = HashSet::new();
    for (place, rate) in rates.iter().enumerate() {
        if !accepted.contains(&rate.amount.currency) {
            faults.push(fault(format!("/rates/{place}/amount/currency"), "currency", "not a currency of the store"));
        }
        if rate.amount.minor < 0 {
            faults.push(fault(format!("/rates/{place}/amount/amount"), "range", "must not be negative"));
        }
        match (kind, rate.up_to_grams) {
            (Kind::Flat, Some(_)) => faults.push(fault(format!("/rates/{place}/up_to_grams"), "band", "a flat rate has no weight bands")),
            (Kind::ByWeight, Some(..1)) => faults.push(fault(format!("/rates/{place}/up_to_grams"), "range", "must be at least 1")),
            _ if !seen.insert((rate.amount.currency.to_string(), rate.up_to_grams)) => {
                faults.push(fault(format!("/rates/{place}"), "band", "this currency already has a rate for this band"));
            }
            _ => {}
        }
    }
    faults
}

/// The currencies the store accepts.
pub(super) async fn accepted(tx: &TenantTx) -> Result<Vec<Currency>, Error> {
    let row = tx.query_one_raw(Statement::from_string(DbBackend::Postgres, "SELECT currencies FROM store_settings")).await?;
    let codes: Vec<String> = row.map(|row| row.try_get("", "currencies")).transpose()?.unwrap_or_default();
    Ok(codes.iter().filter_map(|code| code.parse().ok()).collect())
}

/// Puts `rates` in the place of the method's own.
pub(super) async fn replace(tx: &TenantTx, method: ShippingMethodId, rates: &[Rate]) -> Result<(), Error> {
    Entity::delete_many().filter(Column::MethodId.eq(method)).exec(tx).await?;
    insert(tx, method, rates).await
}

pub(super) async fn insert(tx: &TenantTx, method: ShippingMethodId, rates: &[Rate]) -> Result<(), Error> {
    let rows = rates.iter().map(|rate| ActiveModel {
        tenant_id: Set(tx.tenant()),
        id: Set(ShippingRateId::new()),
        method_id: Set(method),
        currency: Set(rate.amount.currency.to_string()),
        up_to_grams: Set(rate.up_to_grams),
        amount: Set(rate.amount.minor),
    });
    Entity::insert_many(rows).exec_without_returning(tx).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(up_to_grams: Option<i32>, amount: &str, currency: &str) -> Rate {
        Rate { up_to_grams, amount: Money::parse(amount, currency.parse().unwrap()).unwrap() }
    }

    #[test]
    fn what_a_set_of_rates_may_be() {
        let accepted: Vec<Currency> = ["EUR", "USD"].iter().map(|code| code.parse().unwrap()).collect();
        let cases: [(Kind, Vec<Rate>, &[&str]); 8] = [
            (Kind::Flat, vec![rate(None, "4.90", "EUR"), rate(None, "5.90", "USD")], &[]),
            (Kind::ByWeight, vec![rate(Some(500), "3.00", "EUR"), rate(None, "9.00", "EUR")], &[]),
            (Kind::Flat, vec![], &["/rates"]),
            (Kind::Flat, vec![rate(Some(500), "3.00", "EUR")], &["/rates/0/up_to_grams"]),
            (Kind::Flat, vec![rate(None, "3.00", "EUR"), rate(None, "4.00", "EUR")], &["/rates/1"]),
            (Kind::ByWeight, vec![rate(Some(0), "3.00", "EUR")], &["/rates/0/up_to_grams"]),
            (Kind::ByWeight, vec![rate(Some(5), "3.00", "EUR"), rate(Some(5), "4.00", "EUR")], &["/rates/1"]),
            (Kind::Flat, vec![rate(None, "300", "JPY")], &["/rates/0/amount/currency"]),
        ];
        for (kind, rates, expected) in cases {
            let found: Vec<_> = check(kind, &rates, &accepted).into_iter().map(|fault| fault.pointer).collect();
            assert_eq!(found, expected, "{kind:?} {rates:?}");
        }
    }
}
