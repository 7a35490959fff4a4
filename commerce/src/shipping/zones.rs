//! The zones of a store: which countries it ships to.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Set};
use tenancy::TenantTx;

use super::Error;
use super::entity::shipping_zone::{ActiveModel, Column, Entity, Model};
use super::entity::shipping_zone_country as place;
use super::methods::{self, Method};
use crate::address::{country_fault, is_country};
use crate::clock::Clock;
use crate::fault::{FieldFault, OnConstraint};
use crate::ids::ShippingZoneId;
use crate::page::{Cursor, Page, PageQuery};
use crate::text::clean_line;

/// The order of the list, as its cursors know it.
const SORT: &str = "shipping_zones";

/// A zone with its countries, and its methods in the order in which they are offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    pub id: ShippingZoneId,
    pub name: String,
    pub countries: Vec<String>,
    pub methods: Vec<Method>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Debug)]
pub struct NewZone {
    pub name: String,
    /// ISO 3166-1 alpha-2, upper case; each in no other zone of the store.
    pub countries: Vec<String>,
}

/// `countries` replaces them all.
#[derive(Clone, Debug, Default)]
pub struct ZoneChanges {
    pub name: Option<String>,
    pub countries: Option<Vec<String>>,
}

/// Adds a zone, without methods.
///
/// # Errors
/// A field is not valid, the name is taken, or a country is in another zone.
pub async fn create(tx: &TenantTx, clock: &Clock, new: NewZone) -> Result<Zone, Error> {
    let mut faults = check_countries(&new.countries);
    let name = clean_line("/name", &new.name, 100).map_err(|fault| faults.push(fault)).unwrap_or_default();
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    insert(tx, clock, NewZone { name, ..new }).await
}

/// Saves what was checked before.
pub(super) async fn insert(tx: &TenantTx, clock: &Clock, new: NewZone) -> Result<Zone, Error> {
    let now = clock.now();
    let row = ActiveModel {
        tenant_id: Set(tx.tenant()),
        id: Set(ShippingZoneId::new()),
        name: Set(new.name.clone()),
        created_at: Set(now),
        updated_at: Set(now),
    };
    let row = row.insert(tx).await.on_constraint("shipping_zones_name_key", || Error::ZoneNameTaken(new.name))?;
    let countries = insert_countries(tx, row.id, new.countries).await?;
    Ok(whole(row, countries, Vec::new()))
}

/// Changes a zone.
///
/// # Errors
/// There is no such zone, a field is not valid, the name is taken, or a country is in another zone.
pub async fn change(tx: &TenantTx, clock: &Clock, id: ShippingZoneId, changes: ZoneChanges) -> Result<Zone, Error> {
    let mut row = Entity::find_by_id((tx.tenant(), id)).lock_exclusive().one(tx).await?.ok_or(Error::ZoneNotFound(id))?.into_active_model();
    let mut faults = changes.countries.as_deref().map(check_countries).unwrap_or_default();
    let mut asked = String::new();
    if let Some(name) = changes.name {
        match clean_line("/name", &name, 100) {
            Ok(name) => row.name = Set(name),
            Err(fault) => faults.push(fault),
        }
        asked = name;
    }
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    row.updated_at = Set(clock.now());
    row.update(tx).await.on_constraint("shipping_zones_name_key", || Error::ZoneNameTaken(asked))?;
    if let Some(countries) = changes.countries {
        place::Entity::delete_many().filter(place::Column::ZoneId.eq(id)).exec(tx).await?;
        insert_countries(tx, id, countries).await?;
    }
    find(tx, id).await
}

/// # Errors
/// There is no such zone.
pub async fn find(tx: &TenantTx, id: ShippingZoneId) -> Result<Zone, Error> {
    let row = Entity::find_by_id((tx.tenant(), id)).one(tx).await?.ok_or(Error::ZoneNotFound(id))?;
    Ok(with_rest(tx, vec![row]).await?.remove(0))
}

/// The store's zones, oldest first.
///
/// # Errors
/// Only the database's.
pub async fn list(tx: &TenantTx, page: &PageQuery) -> Result<Page<Zone>, Error> {
    let mut rows = Entity::find();
    if let Some(after) = &page.after {
        rows = rows.filter(Column::Id.gt(after.for_list(Some(tx.tenant()), SORT)?.id));
    }
    let rows = rows.order_by_asc(Column::Id).limit(page.limit + 1).all(tx).await?;
    let zones = with_rest(tx, rows).await?;
    Ok(Page::of(zones, page.limit, |zone| Cursor::new(Some(tx.tenant()), SORT, "", zone.id.uuid())))
}

/// Removes a zone with its methods: the store no longer ships to its countries.
///
/// # Errors
/// There is no such zone, or a checkout has chosen one of its methods.
pub async fn remove(tx: &TenantTx, id: ShippingZoneId) -> Result<(), Error> {
    let gone =
        Entity::delete_by_id((tx.tenant(), id)).exec(tx).await.on_constraint("checkouts_shipping_method_id_fkey", || Error::InUse)?;
    if gone.rows_affected == 0 { Err(Error::ZoneNotFound(id)) } else { Ok(()) }
}

async fn insert_countries(tx: &TenantTx, id: ShippingZoneId, countries: Vec<String>) -> Result<Vec<String>, Error> {
    let countries: Vec<String> = countries.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    if !countries.is_empty() {
        let row = |country: &String| place::ActiveModel { tenant_id: Set(tx.tenant()), country: Set(country.clone()), zone_id: Set(id) };
        let saved = place::Entity::insert_many(countries.iter().map(row)).exec_without_returning(tx).await;
        saved.on_constraint("shipping_zone_countries_pkey", || Error::CountryTaken)?;
    }
    Ok(countries)
}

async fn with_rest(tx: &TenantTx, rows: Vec<Model>) -> Result<Vec<Zone>, Error> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<ShippingZoneId> = rows.iter().map(|row| row.id).collect();
    let places = place::Entity::find().filter(place::Column::ZoneId.is_in(ids.iter().copied()));
    let mut countries: HashMap<ShippingZoneId, Vec<String>> = HashMap::new();
    for place in places.order_by_asc(place::Column::Country).all(tx).await? {
        countries.entry(place.zone_id).or_default().push(place.country);
    }
    let mut of_zone: HashMap<ShippingZoneId, Vec<Method>> = HashMap::new();
    for method in methods::of_zones(tx, &ids).await? {
        of_zone.entry(method.zone_id).or_default().push(method);
    }
    let zone = |row: Model| {
        let (countries, methods) = (countries.remove(&row.id).unwrap_or_default(), of_zone.remove(&row.id).unwrap_or_default());
        whole(row, countries, methods)
    };
    Ok(rows.into_iter().map(zone).collect())
}

fn whole(row: Model, countries: Vec<String>, methods: Vec<Method>) -> Zone {
    Zone { id: row.id, name: row.name, countries, methods, created_at: row.created_at, updated_at: row.updated_at }
}

fn check_countries(countries: &[String]) -> Vec<FieldFault> {
    if countries.len() > 250 {
        return vec![FieldFault::new("/countries", "length", "must hold at most 250 countries")];
    }
    let wrong = countries.iter().enumerate().filter(|(_, country)| !is_country(country));
    wrong.map(|(place, _)| country_fault(&format!("/countries/{place}"))).collect()
}
