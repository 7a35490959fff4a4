//! The rates of a store, and the table of one country.

use rust_decimal::Decimal;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Set,
    Statement,
};
use tenancy::TenantTx;

use super::calculate::{Rate, RateTable};
use super::entity::tax_rate::{ActiveModel, Column, Entity};
use super::{Error, TaxRate, is_class};
use crate::address::{country_fault, is_country};
use crate::clock::Clock;
use crate::fault::{FieldFault, OnConstraint};
use crate::ids::TaxRateId;
use crate::page::{Cursor, Page, PageQuery};
use crate::text::clean_line;

/// The order of the list, as its cursors know it.
const SORT: &str = "tax_rates";

#[derive(Clone, Debug)]
pub struct NewRate {
    /// ISO 3166-1 alpha-2, upper case.
    pub country: String,
    pub tax_class: String,
    pub name: String,
    /// 0 to 100, with at most four decimals, as a string: `"19"`, `"8.875"`.
    pub percent: String,
}

/// What may change of a rate; its country and class are what it is.
#[derive(Clone, Debug, Default)]
pub struct RateChanges {
    pub name: Option<String>,
    pub percent: Option<String>,
}

/// Adds a rate.
///
/// # Errors
/// The fields are not valid, or the country already has a rate for this class.
pub async fn create(tx: &TenantTx, clock: &Clock, new: NewRate) -> Result<TaxRate, Error> {
    let mut faults = Vec::new();
    if !is_country(&new.country) {
        faults.push(country_fault("/country"));
    }
    if !is_class(&new.tax_class) {
        faults.push(FieldFault::new("/tax_class", "tax_class", "must match [a-z][a-z0-9_]{0,31}"));
    }
    let name = clean_line("/name", &new.name, 100).map_err(|fault| faults.push(fault)).ok();
    let percent = parse_percent(&new.percent).map_err(|fault| faults.push(fault)).ok();
    let (Some(name), Some(percent), true) = (name, percent, faults.is_empty()) else { return Err(Error::Invalid(faults)) };
    let now = clock.now();
    let row = ActiveModel {
        tenant_id: Set(tx.tenant()),
        id: Set(TaxRateId::new()),
        country: Set(new.country.clone()),
        tax_class: Set(new.tax_class.clone()),
        name: Set(name),
        percent: Set(percent),
        created_at: Set(now),
        updated_at: Set(now),
    };
    row.insert(tx)
        .await
        .on_constraint("tax_rates_country_tax_class_key", || Error::RateTaken { country: new.country, tax_class: new.tax_class })
}

/// Changes the name or the percentage of a rate. Orders keep the figures they were placed with.
///
/// # Errors
/// There is no such rate, or a field is not valid.
pub async fn change(tx: &TenantTx, clock: &Clock, id: TaxRateId, changes: RateChanges) -> Result<TaxRate, Error> {
    let mut faults = Vec::new();
    let mut row = find(tx, id).await?.into_active_model();
    if let Some(name) = changes.name {
        match clean_line("/name", &name, 100) {
            Ok(name) => row.name = Set(name),
            Err(fault) => faults.push(fault),
        }
    }
    if let Some(percent) = changes.percent {
        match parse_percent(&percent) {
            Ok(percent) => row.percent = Set(percent),
            Err(fault) => faults.push(fault),
        }
    }
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    row.updated_at = Set(clock.now());
    Ok(row.update(tx).await?)
}

/// # Errors
/// There is no such rate.
pub async fn find(tx: &TenantTx, id: TaxRateId) -> Result<TaxRate, Error> {
    Entity::find_by_id((tx.tenant(), id)).one(tx).await?.ok_or(Error::RateNotFound(id))
}

/// The store's rates, oldest first.
///
/// # Errors
/// Only the database's.
pub async fn list(tx: &TenantTx, page: &PageQuery) -> Result<Page<TaxRate>, Error> {
    let mut rows = Entity::find();
    if let Some(after) = &page.after {
        rows = rows.filter(Column::Id.gt(after.for_list(Some(tx.tenant()), SORT)?.id));
    }
    let rows = rows.order_by_asc(Column::Id).limit(page.limit + 1).all(tx).await?;
    Ok(Page::of(rows, page.limit, |rate| Cursor::new(Some(tx.tenant()), SORT, "", rate.id.uuid())))
}

/// Removes a rate: its country and class are untaxed from now on.
///
/// # Errors
/// There is no such rate.
pub async fn remove(tx: &TenantTx, id: TaxRateId) -> Result<(), Error> {
    let gone = Entity::delete_by_id((tx.tenant(), id)).exec(tx).await?;
    if gone.rows_affected == 0 { Err(Error::RateNotFound(id)) } else { Ok(()) }
}

/// The rates of `country`, in one statement.
///
/// # Errors
/// Only the database's.
pub async fn table(tx: &TenantTx, country: &str) -> Result<RateTable, Error> {
    let sql = format!("SELECT {} AS rates", table_json("$1"));
    let row = tx.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [country.into()])).await?;
    let rates = row.map(|row| row.try_get::<Option<serde_json::Value>>("", "rates")).transpose()?.flatten();
    Ok(RateTable::new(country, parse_table(rates)))
}

/// The SQL of a country's rates as one JSON array, for a statement that asks for more than them. `country` is an SQL
/// expression.
pub(crate) fn table_json(country: &str) -> String {
    format!(
        "(SELECT json_agg(json_build_object('tax_class', tax_class, 'name', name, 'percent', percent::text))
          FROM tax_rates WHERE tenant_id = (SELECT current_setting('app.tenant_id')::uuid) AND country = {country})"
    )
}

/// Reads what [`table_json`] answers.
pub(crate) fn parse_table(rates: Option<serde_json::Value>) -> Vec<Rate> {
    rates.map(|rates| serde_json::from_value(rates).expect("table_json answers rates")).unwrap_or_default()
}

fn parse_percent(text: &str) -> Result<Decimal, FieldFault> {
    // Digits and one point only: Decimal would also read signs and underscores.
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let percent = Decimal::from_str_exact(text)
        .ok()
        .filter(|percent| is_plain && (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(percent) && percent.scale() <= 4);
    percent.ok_or_else(|| FieldFault::new("/percent", "percent", "must be a decimal from 0 to 100 with at most four decimals"))
}

#[cfg(test)]
mod tests {
    use super::parse_percent;

    #[test]
    fn a_percentage_is_a_plain_decimal_from_0_to_100() {
        for good in ["0", "19", "8.875", "100", "100.0000", "0.0001", ".5"] {
            assert!(parse_percent(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "-1", "+1", "100.0001", "101", "1e1", "NaN", "Infinity", "1_0", "1,5", "0.00001", "19 ", "１９"] {
            assert!(parse_percent(bad).is_err(), "{bad}");
        }
    }
}
