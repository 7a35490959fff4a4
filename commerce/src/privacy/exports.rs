//! Copies of all that a store knows of a customer, for the customer.

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, FromQueryResult, Value};
use serde_json::Value as Json;
use tenancy::{CustomerId, TenantDb, TenantTx};

use super::{Error, ExportReady, ExportRequested, erase, gather, rules};
use crate::{
    cart::CartStore,
    clock::Clock,
    customers::{self, SignedInAs},
    fault::OnConstraint,
    identity::Passwords,
    ids::ExportId,
    outbox, sql,
};

pub const AT_MOST_A_DAY: i64 = 3;

#[derive(Clone, Debug, FromQueryResult)]
pub struct Export {
    pub id: ExportId,
    pub customer_id: CustomerId,
    pub asked_at: DateTime<Utc>,
    /// None while it is being made.
    pub ready_at: Option<DateTime<Utc>>,
    pub expires_at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct Made {
    body: Option<Json>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, customer_id, asked_at, ready_at, expires_at FROM customer_exports WHERE tenant_id = $1 AND expires_at > now() AND ",
            $rest
        )
    };
}

/// A customer, who proves once more that it is them, asks for a copy.
///
/// # Errors
/// `ExportOpen`, `TooManyExports`; `WrongPassword`, `SignInAgain`, `Busy`.
pub async fn request(
    db: &TenantDb,
    passwords: &Passwords,
    clock: &Clock,
    who: SignedInAs,
    password: Option<&str>,
) -> Result<Export, Error> {
    customers::reauthenticate(db, passwords, who, password).await?;
    let tx = db.begin().await?;
    customers::lock(&tx, who.customer).await?;
    let export = ExportId::new();
    let text = "INSERT INTO customer_exports (tenant_id, id, customer_id, asked_at, expires_at)
                SELECT $1, $2, $3, now(), now() + make_interval(days => $4)
                WHERE (SELECT count(*) FROM customer_exports WHERE tenant_id = $1 AND customer_id = $3
                       AND asked_at > now() - interval '1 day') < $5";
    let days = rules::find(&tx).await?.export_days;
    let values: [Value; 5] = [tx.tenant().into(), export.into(), who.customer.into(), days.into(), AT_MOST_A_DAY.into()];
    let made = sql::run(&tx, text, values).await;
    if made.on_constraint("customer_exports_open_key", || Error::ExportOpen)? == 0 {
        return Err(Error::TooManyExports);
    }
    outbox::record(&tx, clock, &ExportRequested { customer: who.customer, export }).await?;
    let asked = find(&tx, who.customer, export).await?;
    tx.commit().await?;
    Ok(asked)
}

/// The customer's copies, the last asked for first.
///
/// # Errors
/// Postgres is away.
pub async fn list(tx: &TenantTx, of: CustomerId) -> Result<Vec<Export>, DbErr> {
    sql::all(tx, select!("customer_id = $2 ORDER BY asked_at DESC, id DESC LIMIT 100"), [tx.tenant().into(), of.into()]).await
}

/// # Errors
/// `ExportNotFound`, also for another customer's and for one whose days are over.
pub async fn find(tx: &TenantTx, of: CustomerId, id: ExportId) -> Result<Export, Error> {
    let found = sql::one(tx, select!("customer_id = $2 AND id = $3"), [tx.tenant().into(), of.into(), id.into()]).await?;
    found.ok_or(Error::ExportNotFound(id))
}

/// What the copy holds.
///
/// # Errors
/// As [`find`]; `ExportNotReady`.
pub async fn read(tx: &TenantTx, of: CustomerId, id: ExportId) -> Result<Json, Error> {
    find(tx, of, id).await?;
    let text = "SELECT body FROM customer_exports WHERE tenant_id = $1 AND id = $2";
    let made: Option<Made> = sql::one(tx, text, [tx.tenant().into(), id.into()]).await?;
    made.and_then(|made| made.body).ok_or(Error::ExportNotReady)
}

/// Makes the copy. One that is made already, or that nobody waits for any more, is left alone.
///
/// # Errors
/// Carts or Postgres are away.
pub async fn make(db: &TenantDb, carts: &CartStore, clock: &Clock, (of, id): (CustomerId, ExportId)) -> Result<(), Error> {
    let tx = db.begin().await?;
    if find(&tx, of, id).await.is_ok_and(|export| export.ready_at.is_some()) {
        return Ok(());
    }
    let id_of_cart = match customers::current_cart_of(&tx, of).await {
        Err(customers::Error::NotFound(_)) => return Ok(()),
        found => found?,
    };
    drop(tx);
    let cart = match id_of_cart {
        Some(cart) => carts.seen_by(Some(of)).find(db, cart).await.ok(),
        None => None,
    };
    let tx = db.begin().await?;
    let customer = match customers::lock(&tx, of).await {
        Err(customers::Error::NotFound(_)) => return Ok(()),
        found => found?,
    };
    erase::join_guest(&tx, &customer, false).await?;
    let body = gather::gather(&tx, clock, &customer, cart.as_ref()).await?;
    let text = "UPDATE customer_exports SET body = $3, ready_at = now() WHERE tenant_id = $1 AND id = $2 AND ready_at IS NULL";
    if sql::run(&tx, text, [tx.tenant().into(), id.into(), body.into()]).await? == 1 {
        outbox::record(&tx, clock, &ExportReady { customer: of, export: id }).await?;
    }
    Ok(tx.commit().await?)
}

/// Deletes copies whose days are over.
pub(super) async fn prune(tx: &TenantTx) -> Result<(), DbErr> {
    sql::run(tx, "DELETE FROM customer_exports WHERE tenant_id = $1 AND expires_at <= now()", [tx.tenant().into()]).await.map(|_| ())
}
