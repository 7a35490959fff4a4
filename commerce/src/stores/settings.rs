//! What a store is set to.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DeriveActiveEnum, EnumIter, FromQueryResult, Statement, Value};
use tenancy::{TenantTx, directory};

use super::Error;
use crate::{
    address::{country_fault, is_country},
    clock::Clock,
    fault::FieldFault,
    money::Currency,
    text::{Email, clean_line},
};

const CURRENCIES_AT_MOST: usize = 20;

/// What becomes of quantities when a guest signs in whose cart and whose own cart hold the same variant. What only one of them
/// holds is kept by every rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum CartMerge {
    /// They add up.
    #[default]
    Sum,
    /// The cart that was changed last says how many.
    Newest,
    /// Neither wish is lessened: a variant has one line, so the greater quantity stands.
    KeepBoth,
}

#[derive(Clone, Debug, FromQueryResult)]
pub struct Settings {
    pub name: String,
    pub contact_email: String,
    /// The main currency.
    pub currency: String,
    /// All currencies the store has prices in, the main one among them.
    pub currencies: Vec<String>,
    pub country: String,
    pub time_zone: String,
    pub prices_include_tax: bool,
    pub reservation_minutes: i32,
    pub cart_merge: CartMerge,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What may change. Absent leaves.
#[derive(Clone, Debug, Default)]
pub struct SettingsChanges {
    pub name: Option<String>,
    pub contact_email: Option<String>,
    pub currency: Option<String>,
    pub currencies: Option<Vec<String>>,
    pub country: Option<String>,
    pub time_zone: Option<String>,
    pub prices_include_tax: Option<bool>,
    pub reservation_minutes: Option<i32>,
    pub cart_merge: Option<CartMerge>,
}

/// The store's settings.
///
/// # Errors
/// Postgres is away.
pub async fn find(tx: &TenantTx) -> Result<Settings, Error> {
    read(tx, "").await
}

/// Changes the settings; every process answers by the new ones as soon as `tx` has committed.
///
/// # Errors
/// `ChangedMeanwhile` when `expected` is not the current version; `Invalid` with every wrong field.
pub async fn change(tx: &TenantTx, clock: &Clock, expected: Option<i64>, changes: SettingsChanges) -> Result<Settings, Error> {
    let mut settings = read(tx, "FOR UPDATE").await?;
    if expected.is_some_and(|version| version != settings.version) {
        return Err(Error::ChangedMeanwhile);
    }
    apply(&mut settings, changes);
    let mut settings = checked(settings).map_err(Error::Invalid)?;
    settings.version += 1;
    settings.updated_at = clock.now();
    let sql = "UPDATE store_settings SET name = $2, contact_email = $3, currency = $4, currencies = $5, country = $6, time_zone = $7,
                 prices_include_tax = $8, reservation_minutes = $9, cart_merge = $10, version = $11, updated_at = $12 WHERE tenant_id = $1";
    let mut values = values(tx, &settings);
    values.extend([settings.version.into(), settings.updated_at.into()]);
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    directory::announce(tx).await?;
    Ok(settings)
}

/// The first settings of a store.
pub(super) async fn create(tx: &TenantTx, settings: &Settings) -> Result<(), Error> {
    let sql = "INSERT INTO store_settings (tenant_id, name, contact_email, currency, currencies, country, time_zone, prices_include_tax,
                 reservation_minutes, cart_merge, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)";
    let mut values = values(tx, settings);
    values.push(settings.created_at.into());
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok(())
}

/// The settings with text cleaned, or every field that is wrong.
pub(super) fn checked(mut settings: Settings) -> Result<Settings, Vec<FieldFault>> {
    let mut faults = Vec::new();
    match clean_line("/name", &settings.name, 100) {
        Ok(name) => settings.name = name,
        Err(fault) => faults.push(fault),
    }
    match settings.contact_email.parse::<Email>() {
        Ok(email) => settings.contact_email = email.into_string(),
        Err(error) => faults.push(FieldFault::new("/contact_email", "email", error.to_string())),
    }
    if settings.currency.parse::<Currency>().is_err() {
        faults.push(FieldFault::new("/currency", "currency", "must be a currency code (ISO 4217), such as EUR"));
    }
    if !settings.currencies.contains(&settings.currency) {
        settings.currencies.insert(0, settings.currency.clone());
    }
    let mut seen = HashSet::new();
    settings.currencies.retain(|code| seen.insert(code.clone()));
    if settings.currencies.len() > CURRENCIES_AT_MOST {
        faults.push(FieldFault::new("/currencies", "too_many", format!("at most {CURRENCIES_AT_MOST}")));
    }
    for (place, code) in settings.currencies.iter().enumerate().filter(|(_, code)| code.parse::<Currency>().is_err()) {
        faults.push(FieldFault::new(format!("/currencies/{place}"), "currency", format!("`{code}` is not a currency code (ISO 4217)")));
    }
    if !is_country(&settings.country) {
        faults.push(country_fault("/country"));
    }
    if settings.time_zone.parse::<chrono_tz::Tz>().is_err() {
        faults.push(FieldFault::new("/time_zone", "time_zone", "must be a name of the IANA time zone database, such as Europe/Berlin"));
    }
    if !(1..=1440).contains(&settings.reservation_minutes) {
        faults.push(FieldFault::new("/reservation_minutes", "out_of_range", "1 to 1440"));
    }
    if faults.is_empty() { Ok(settings) } else { Err(faults) }
}

fn apply(settings: &mut Settings, changes: SettingsChanges) {
    fn set<T>(field: &mut T, change: Option<T>) {
        if let Some(value) = change {
            *field = value;
        }
    }
    set(&mut settings.name, changes.name);
    set(&mut settings.contact_email, changes.contact_email);
    set(&mut settings.currency, changes.currency);
    set(&mut settings.currencies, changes.currencies);
    set(&mut settings.country, changes.country);
    set(&mut settings.time_zone, changes.time_zone);
    set(&mut settings.prices_include_tax, changes.prices_include_tax);
    set(&mut settings.reservation_minutes, changes.reservation_minutes);
    set(&mut settings.cart_merge, changes.cart_merge);
}

fn values(tx: &TenantTx, settings: &Settings) -> Vec<Value> {
    vec![
        tx.tenant().into(),
        (&*settings.name).into(),
        (&*settings.contact_email).into(),
        (&*settings.currency).into(),
        settings.currencies.clone().into(),
        (&*settings.country).into(),
        (&*settings.time_zone).into(),
        settings.prices_include_tax.into(),
        settings.reservation_minutes.into(),
        settings.cart_merge.into(),
    ]
}

async fn read(tx: &TenantTx, lock: &str) -> Result<Settings, Error> {
    let sql = format!(
        "SELECT name, contact_email, currency, currencies, country, time_zone, prices_include_tax, reservation_minutes, cart_merge,
                version, created_at, updated_at FROM store_settings WHERE tenant_id = $1 {lock}"
    );
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, [tx.tenant().into()]);
    let row = Settings::find_by_statement(statement).one(tx).await?;
    row.ok_or_else(|| Error::NotFound(tx.tenant()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        let now = Clock::fixed(DateTime::UNIX_EPOCH).now();
        Settings {
            name: " Mugs ".into(),
            contact_email: "ADA@example.com".into(),
            currency: "EUR".into(),
            currencies: vec!["USD".into(), "USD".into()],
            country: "DE".into(),
            time_zone: "Europe/Berlin".into(),
            prices_include_tax: true,
            reservation_minutes: 30,
            cart_merge: CartMerge::Sum,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    #[test]
    fn settings_are_cleaned() {
        let clean = checked(settings()).unwrap();
        assert_eq!((clean.name.as_str(), clean.contact_email.as_str()), ("Mugs", "ada@example.com"));
        assert_eq!(clean.currencies, ["EUR", "USD"], "the main currency is one of them, and none twice");
    }

    #[test]
    fn every_wrong_setting_is_named() {
        let wrong = Settings {
            name: String::new(),
            contact_email: "nobody".into(),
            currency: "EURO".into(),
            country: "XX".into(),
            time_zone: "Mars/Olympus".into(),
            reservation_minutes: 0,
            ..settings()
        };
        let pointers: Vec<_> = checked(wrong).unwrap_err().into_iter().map(|fault| fault.pointer).collect();
        let expected = ["/name", "/contact_email", "/currency", "/currencies/0", "/country", "/time_zone", "/reservation_minutes"];
        assert_eq!(pointers, expected);
    }
}
