//! A customer's address book: up to [`AT_MOST`] addresses, of which at most one is the default for shipping and one for billing.

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, FromQueryResult, Value};
use tenancy::{CustomerId, TenantTx};

use super::{Error, customers};
use crate::{address::Address, clock::Clock, ids::AddressId, sql};

pub const AT_MOST: usize = 20;

/// An address of the book.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Kept {
    pub id: AddressId,
    pub address: Address,
    pub is_default_shipping: bool,
    pub is_default_billing: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A default that is given takes its place from the one that had it.
#[derive(Clone, Debug)]
pub struct NewAddress {
    pub address: Address,
    pub is_default_shipping: bool,
    pub is_default_billing: bool,
}

/// Absent leaves.
#[derive(Clone, Debug, Default)]
pub struct AddressChanges {
    pub address: Option<Address>,
    pub is_default_shipping: Option<bool>,
    pub is_default_billing: Option<bool>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, address, is_default_shipping, is_default_billing, created_at, updated_at FROM customer_addresses
             WHERE tenant_id = $1 AND customer_id = $2 ",
            $rest
        )
    };
}

/// The customer's addresses, the oldest first.
///
/// # Errors
/// Postgres is away.
pub async fn list(tx: &TenantTx, of: CustomerId) -> Result<Vec<Kept>, DbErr> {
    sql::all(tx, select!("ORDER BY id"), [tx.tenant().into(), of.into()]).await
}

/// # Errors
/// `AddressNotFound`, also for an address of another customer.
pub async fn find(tx: &TenantTx, of: CustomerId, id: AddressId) -> Result<Kept, Error> {
    let found = sql::one(tx, select!("AND id = $3"), [tx.tenant().into(), of.into(), id.into()]).await?;
    found.ok_or(Error::AddressNotFound(id))
}

/// Adds an address; the first of a book is its default for both, unless told otherwise later.
///
/// # Errors
/// `TooManyAddresses`, `Invalid` with every wrong field.
pub async fn add(tx: &TenantTx, clock: &Clock, of: CustomerId, new: NewAddress) -> Result<Kept, Error> {
    let address = new.address.clean("/address").map_err(Error::Invalid)?;
    customers::lock(tx, of).await?;
    let before = list(tx, of).await?.len();
    if before >= AT_MOST {
        return Err(Error::TooManyAddresses);
    }
    let (id, now) = (AddressId::new(), clock.now());
    let (shipping, billing) = (new.is_default_shipping || before == 0, new.is_default_billing || before == 0);
    make_room(tx, of, id, (shipping, billing)).await?;
    let text = "INSERT INTO customer_addresses
                  (tenant_id, id, customer_id, address, is_default_shipping, is_default_billing, created_at, updated_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $7)";
    let values: [Value; 7] = [tx.tenant().into(), id.into(), of.into(), sql::json(&address)?, shipping.into(), billing.into(), now.into()];
    sql::run(tx, text, values).await?;
    find(tx, of, id).await
}

/// Changes an address.
///
/// # Errors
/// `AddressNotFound`, `Invalid` with every wrong field.
pub async fn change(tx: &TenantTx, clock: &Clock, (of, id): (CustomerId, AddressId), changes: AddressChanges) -> Result<Kept, Error> {
    let address = changes.address.map(|address| address.clean("/address")).transpose().map_err(Error::Invalid)?;
    customers::lock(tx, of).await?;
    let kept = find(tx, of, id).await?;
    let shipping = changes.is_default_shipping.unwrap_or(kept.is_default_shipping);
    let billing = changes.is_default_billing.unwrap_or(kept.is_default_billing);
    make_room(tx, of, id, (shipping, billing)).await?;
    let text = "UPDATE customer_addresses SET address = $4, is_default_shipping = $5, is_default_billing = $6, updated_at = $7
                WHERE tenant_id = $1 AND customer_id = $2 AND id = $3";
    let address = sql::json(&address.unwrap_or(kept.address))?;
    let values: [Value; 7] = [tx.tenant().into(), of.into(), id.into(), address, shipping.into(), billing.into(), clock.now().into()];
    sql::run(tx, text, values).await?;
    find(tx, of, id).await
}

/// # Errors
/// `AddressNotFound`.
pub async fn remove(tx: &TenantTx, of: CustomerId, id: AddressId) -> Result<(), Error> {
    let text = "DELETE FROM customer_addresses WHERE tenant_id = $1 AND customer_id = $2 AND id = $3";
    match sql::run(tx, text, [tx.tenant().into(), of.into(), id.into()]).await? {
        0 => Err(Error::AddressNotFound(id)),
        _ => Ok(()),
    }
}

/// Takes the defaults that `id` is to be from the addresses that are it.
async fn make_room(tx: &TenantTx, of: CustomerId, id: AddressId, (shipping, billing): (bool, bool)) -> Result<(), DbErr> {
    let text = "UPDATE customer_addresses
                SET is_default_shipping = is_default_shipping AND NOT $4, is_default_billing = is_default_billing AND NOT $5
                WHERE tenant_id = $1 AND customer_id = $2 AND id <> $3 AND (is_default_shipping AND $4 OR is_default_billing AND $5)";
    sql::run(tx, text, [tx.tenant().into(), of.into(), id.into(), shipping.into(), billing.into()]).await.map(|_| ())
}
