//! The methods of a zone.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Set};
use tenancy::TenantTx;

use super::entity::shipping_method::{ActiveModel, Column, Entity, Model};
use super::entity::shipping_rate;
use super::rates::{self, Rate};
use super::{Error, Kind};
use crate::clock::Clock;
use crate::fault::{FieldFault, OnConstraint, violated};
use crate::ids::{ShippingMethodId, ShippingZoneId};
use crate::money::Money;
use crate::page::{Cursor, Page, PageQuery};
use crate::tax;
use crate::text::clean_line;

/// The order of the list, as its cursors know it.
const SORT: &str = "shipping_methods";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    pub id: ShippingMethodId,
    pub zone_id: ShippingZoneId,
    pub name: String,
    pub kind: Kind,
    pub tax_class: String,
    pub position: i32,
    pub is_active: bool,
    pub rates: Vec<Rate>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Debug)]
pub struct NewMethod {
    pub zone_id: ShippingZoneId,
    pub name: String,
    pub kind: Kind,
    pub tax_class: String,
    /// Methods are offered in the order of their positions.
    pub position: i32,
    pub is_active: bool,
    pub rates: Vec<Rate>,
}

/// What may change of a method; its zone and kind are what it is. `rates` replaces them all.
#[derive(Clone, Debug, Default)]
pub struct MethodChanges {
    pub name: Option<String>,
    pub tax_class: Option<String>,
    pub position: Option<i32>,
    pub is_active: Option<bool>,
    pub rates: Option<Vec<Rate>>,
}

/// Adds a method to a zone.
///
/// # Errors
/// A field is not valid, the zone is absent, or it already has a method of this name.
pub async fn create(tx: &TenantTx, clock: &Clock, new: NewMethod) -> Result<Method, Error> {
    let mut faults = rates::check(new.kind, &new.rates, &rates::accepted(tx).await?);
    let name = clean_line("/name", &new.name, 100).map_err(|fault| faults.push(fault)).unwrap_or_default();
    check_rest(Some(&new.tax_class), Some(new.position), &mut faults);
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    let method = insert(tx, clock, NewMethod { name, ..new }).await?;
    Ok(method)
}

/// Saves what was checked before.
pub(super) async fn insert(tx: &TenantTx, clock: &Clock, new: NewMethod) -> Result<Method, Error> {
    let now = clock.now();
    let row = ActiveModel {
        tenant_id: Set(tx.tenant()),
        id: Set(ShippingMethodId::new()),
        zone_id: Set(new.zone_id),
        name: Set(new.name.clone()),
        kind: Set(new.kind),
        tax_class: Set(new.tax_class),
        position: Set(new.position),
        is_active: Set(new.is_active),
        created_at: Set(now),
        updated_at: Set(now),
    };
    let row = row.insert(tx).await.map_err(|error| match violated(&error).as_deref() {
        Some("shipping_methods_zone_id_fkey") => Error::ZoneNotFound(new.zone_id),
        Some("shipping_methods_zone_id_name_key") => Error::MethodNameTaken(new.name),
        _ => error.into(),
    })?;
    rates::insert(tx, row.id, &new.rates).await?;
    Ok(whole(row, new.rates))
}

/// Changes a method.
///
/// # Errors
/// There is no such method, a field is not valid, or the name is taken in its zone.
pub async fn change(tx: &TenantTx, clock: &Clock, id: ShippingMethodId, changes: MethodChanges) -> Result<Method, Error> {
    let found = Entity::find_by_id((tx.tenant(), id)).lock_exclusive().one(tx).await?.ok_or(Error::MethodNotFound(id))?;
    let mut faults = Vec::new();
    if let Some(set) = &changes.rates {
        faults = rates::check(found.kind, set, &rates::accepted(tx).await?);
    }
    check_rest(changes.tax_class.as_deref(), changes.position, &mut faults);
    let mut row = found.into_active_model();
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
    if let Some(tax_class) = changes.tax_class {
        row.tax_class = Set(tax_class);
    }
    if let Some(position) = changes.position {
        row.position = Set(position);
    }
    if let Some(is_active) = changes.is_active {
        row.is_active = Set(is_active);
    }
    row.updated_at = Set(clock.now());
    row.update(tx).await.on_constraint("shipping_methods_zone_id_name_key", || Error::MethodNameTaken(asked))?;
    if let Some(set) = &changes.rates {
        rates::replace(tx, id, set).await?;
    }
    find(tx, id).await
}

/// # Errors
/// There is no such method.
pub async fn find(tx: &TenantTx, id: ShippingMethodId) -> Result<Method, Error> {
    let row = Entity::find_by_id((tx.tenant(), id)).one(tx).await?.ok_or(Error::MethodNotFound(id))?;
    Ok(with_rates(tx, vec![row]).await?.remove(0))
}

/// The store's methods over all zones, oldest first.
///
/// # Errors
/// Only the database's.
pub async fn list(tx: &TenantTx, page: &PageQuery) -> Result<Page<Method>, Error> {
    let mut rows = Entity::find();
    if let Some(after) = &page.after {
        rows = rows.filter(Column::Id.gt(after.for_list(Some(tx.tenant()), SORT)?.id));
    }
    let rows = rows.order_by_asc(Column::Id).limit(page.limit + 1).all(tx).await?;
    let methods = with_rates(tx, rows).await?;
    Ok(Page::of(methods, page.limit, |method| Cursor::new(Some(tx.tenant()), SORT, "", method.id.uuid())))
}

/// Removes a method that no checkout has chosen.
///
/// # Errors
/// There is no such method, or a checkout has chosen it: deactivate it then.
pub async fn remove(tx: &TenantTx, id: ShippingMethodId) -> Result<(), Error> {
    let gone =
        Entity::delete_by_id((tx.tenant(), id)).exec(tx).await.on_constraint("checkouts_shipping_method_id_fkey", || Error::InUse)?;
    if gone.rows_affected == 0 { Err(Error::MethodNotFound(id)) } else { Ok(()) }
}

/// The methods of these zones, in the order in which they are offered.
pub(super) async fn of_zones(tx: &TenantTx, zones: &[ShippingZoneId]) -> Result<Vec<Method>, Error> {
    let rows = Entity::find().filter(Column::ZoneId.is_in(zones.iter().copied()));
    let rows = rows.order_by_asc(Column::Position).order_by_asc(Column::Id).all(tx).await?;
    with_rates(tx, rows).await
}

async fn with_rates(tx: &TenantTx, rows: Vec<Model>) -> Result<Vec<Method>, Error> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let found = shipping_rate::Entity::find()
        .filter(shipping_rate::Column::MethodId.is_in(rows.iter().map(|row| row.id)))
        .order_by_asc(shipping_rate::Column::Currency)
        .order_by_asc(shipping_rate::Column::UpToGrams)
        .all(tx)
        .await?;
    let mut rates: HashMap<ShippingMethodId, Vec<Rate>> = HashMap::new();
    for rate in found {
        let Ok(currency) = rate.currency.parse() else { continue };
        let amount = Money { minor: rate.amount, currency };
        rates.entry(rate.method_id).or_default().push(Rate { up_to_grams: rate.up_to_grams, amount });
    }
    Ok(rows.into_iter().map(|row| whole_of(row, &mut rates)).collect())
}

fn whole_of(row: Model, rates: &mut HashMap<ShippingMethodId, Vec<Rate>>) -> Method {
    let rates = rates.remove(&row.id).unwrap_or_default();
    whole(row, rates)
}

fn whole(row: Model, rates: Vec<Rate>) -> Method {
    Method {
        id: row.id,
        zone_id: row.zone_id,
        name: row.name,
        kind: row.kind,
        tax_class: row.tax_class,
        position: row.position,
        is_active: row.is_active,
        rates,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

fn check_rest(tax_class: Option<&str>, position: Option<i32>, faults: &mut Vec<FieldFault>) {
    if tax_class.is_some_and(|class| !tax::is_class(class)) {
        faults.push(FieldFault::new("/tax_class", "tax_class", "must match [a-z][a-z0-9_]{0,31}"));
    }
    if position.is_some_and(|position| !(0..=10_000).contains(&position)) {
        faults.push(FieldFault::new("/position", "range", "must be 0 to 10000"));
    }
}
