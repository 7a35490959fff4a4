//! Locations: where goods are kept. A store opens with one, its default.

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set};
use tenancy::TenantTx;

pub use super::entity::location::Model as Location;
use super::{Error, entity::location};
use crate::{
    address::{country_fault, is_country},
    clock::Clock,
    ids::LocationId,
    text,
};

#[derive(Clone, Debug)]
pub struct NewLocation {
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

/// All locations, the default first.
pub async fn list(tx: &TenantTx) -> Result<Vec<Location>, Error> {
    let by_age = location::Entity::find().filter(location::Column::TenantId.eq(tx.tenant()));
    Ok(by_age.order_by_desc(location::Column::IsDefault).order_by_asc(location::Column::Id).all(tx).await?)
}

/// The location that orders are sent from.
///
/// # Errors
/// `NoDefaultLocation`.
pub async fn default(tx: &TenantTx) -> Result<Location, Error> {
    let of_store = location::Entity::find().filter(location::Column::TenantId.eq(tx.tenant()));
    of_store.filter(location::Column::IsDefault.eq(true)).one(tx).await?.ok_or(Error::NoDefaultLocation)
}

/// The first location of a store being opened: the one that new variants are counted at.
///
/// # Errors
/// `Invalid` names the field.
pub async fn open_default(tx: &TenantTx, clock: &Clock, new: NewLocation) -> Result<Location, Error> {
    insert(tx, clock, new, true).await
}

/// Adds a location.
///
/// # Errors
/// `Invalid` names the field.
pub async fn create(tx: &TenantTx, clock: &Clock, new: NewLocation) -> Result<Location, Error> {
    insert(tx, clock, new, false).await
}

/// Gives a location another name.
///
/// # Errors
/// `LocationNotFound`; `Invalid` names the field.
pub async fn rename(tx: &TenantTx, clock: &Clock, id: LocationId, name: &str) -> Result<Location, Error> {
    let name = text::clean_line("/name", name, 100).map_err(|fault| Error::Invalid(vec![fault]))?;
    let found = location::Entity::find_by_id((tx.tenant(), id)).one(tx).await?.ok_or(Error::LocationNotFound(id))?;
    let renamed = location::ActiveModel { name: Set(name), updated_at: Set(clock.now()), ..found.into() };
    Ok(renamed.update(tx).await?)
}

async fn insert(tx: &TenantTx, clock: &Clock, new: NewLocation, is_default: bool) -> Result<Location, Error> {
    let name = text::clean_line("/name", &new.name, 100).map_err(|fault| Error::Invalid(vec![fault]))?;
    let country = Some(new.country).filter(|code| is_country(code)).ok_or_else(|| Error::Invalid(vec![country_fault("/country")]))?;
    let row = location::ActiveModel {
        tenant_id: Set(tx.tenant()),
        id: Set(LocationId::new()),
        name: Set(name),
        country: Set(country),
        is_default: Set(is_default),
        created_at: Set(clock.now()),
        updated_at: Set(clock.now()),
    };
    Ok(row.insert(tx).await?)
}
