//! Products that are published and taken back by themselves, at times that their people set.
//!
//! Each product is turned in a transaction of its own that holds its row and asks anew whether it is due: once, however many
//! workers come for it. One that may not be published stays a draft and says why.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement};
use serde::{Deserialize, Serialize};
use tenancy::{PlatformTx, TenantDb, TenantId, TenantTx};

use super::{Error, Status, events::ProductChange, new_product::Faults, products, settle};
use crate::{clock::Clock, ids::ProductId, sql};

/// Products of one turn: what a store has more waits for its next one.
const BATCH: i64 = 50;

/// Why a product was not published when its time had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublishFailure {
    NothingToSell,
    AttributeMissing,
    Archived,
}

impl PublishFailure {
    const fn as_str(self) -> &'static str {
        match self {
            Self::NothingToSell => "nothing_to_sell",
            Self::AttributeMissing => "attribute_missing",
            Self::Archived => "archived",
        }
    }

    fn of(error: &Error) -> Option<Self> {
        match error {
            Error::NothingToSell(_) => Some(Self::NothingToSell),
            Error::AttributeMissing(_) => Some(Self::AttributeMissing),
            _ => None,
        }
    }
}

/// Times lie ahead, and a product is taken back after it was published.
pub(super) fn check(faults: &mut Faults, now: DateTime<Utc>, publish_at: Option<DateTime<Utc>>, unpublish_at: Option<DateTime<Utc>>) {
    for (pointer, at) in [("/publish_at", publish_at), ("/unpublish_at", unpublish_at)] {
        if at.is_some_and(|at| at <= now) {
            faults.add(pointer, "past", "must lie ahead");
        }
    }
    if publish_at.zip(unpublish_at).is_some_and(|(from, until)| until <= from) {
        faults.add("/unpublish_at", "order", "must be later than `publish_at`");
    }
}

/// The tenants in which a product is due. Two looks into an index for each.
///
/// # Errors
/// Postgres is away.
pub async fn due_tenants(tx: &PlatformTx) -> Result<Vec<TenantId>, DbErr> {
    let text = "SELECT t.id FROM tenants t
                WHERE EXISTS (SELECT FROM products p WHERE p.tenant_id = t.id AND p.publish_at <= now())
                   OR EXISTS (SELECT FROM products p WHERE p.tenant_id = t.id AND p.unpublish_at <= now())
                ORDER BY t.id";
    let rows = tx.query_all_raw(Statement::from_string(tx.get_database_backend(), text)).await?;
    rows.iter().map(|row| row.try_get("", "id")).collect()
}

/// Turns a batch of what is due in one store; says whether there may be more.
///
/// # Errors
/// Postgres is away.
pub async fn turn_due(db: &TenantDb, clock: &Clock) -> Result<bool, Error> {
    let due = due(&db.begin().await?).await?;
    for product in &due {
        turn(db, clock, *product).await?;
    }
    Ok(i64::try_from(due.len()).is_ok_and(|count| count >= BATCH))
}

async fn due(tx: &TenantTx) -> Result<Vec<ProductId>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        id: ProductId,
    }
    let text = "(SELECT id FROM products WHERE tenant_id = $1 AND publish_at <= now() ORDER BY publish_at LIMIT $2)
                UNION (SELECT id FROM products WHERE tenant_id = $1 AND unpublish_at <= now() ORDER BY unpublish_at LIMIT $2)";
    let rows: Vec<Row> = sql::all(tx, text, [tx.tenant().into(), BATCH.into()]).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Publish,
    Unpublish,
    /// Its people were faster.
    Forget,
    Fail(PublishFailure),
}

/// What becomes of a product of this status whose time to be published, or to be taken back, has come.
fn next(status: Status, publishes: bool, unpublishes: bool) -> Option<Turn> {
    Some(match (status, publishes, unpublishes) {
        (_, false, false) => return None,
        (Status::Published, _, true) => Turn::Unpublish,
        (Status::Draft, true, false) => Turn::Publish,
        (Status::Archived, true, false) => Turn::Fail(PublishFailure::Archived),
        (Status::Published, true, false) | (Status::Draft | Status::Archived, _, true) => Turn::Forget,
    })
}

async fn turn(db: &TenantDb, clock: &Clock, id: ProductId) -> Result<(), Error> {
    let tx = db.begin().await?;
    let done = match take(&tx, id).await? {
        None => return Ok(()),
        Some(Turn::Publish) => products::publish(&tx, clock, id, None).await.map(|_| ()),
        Some(Turn::Unpublish) => products::unpublish(&tx, clock, id, None).await.map(|_| ()),
        Some(Turn::Forget) => forget(&tx, clock, id, None).await,
        Some(Turn::Fail(why)) => forget(&tx, clock, id, Some(why)).await,
    };
    match done.as_ref().err().and_then(PublishFailure::of) {
        None => done?,
        Some(why) => {
            // What the attempt had changed goes with its transaction.
            drop(tx);
            let tx = db.begin().await?;
            if take(&tx, id).await? == Some(Turn::Publish) {
                forget(&tx, clock, id, Some(why)).await?;
            }
            return Ok(tx.commit().await?);
        }
    }
    Ok(tx.commit().await?)
}

/// Holds the product and says what is due.
async fn take(tx: &TenantTx, id: ProductId) -> Result<Option<Turn>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        status: Status,
        publishes: bool,
        unpublishes: bool,
    }
    let text = "SELECT status, coalesce(publish_at <= now(), false) AS publishes, coalesce(unpublish_at <= now(), false) AS unpublishes
                FROM products WHERE tenant_id = $1 AND id = $2 FOR UPDATE";
    let row: Option<Row> = sql::one(tx, text, [tx.tenant().into(), id.into()]).await?;
    Ok(row.and_then(|row| next(row.status, row.publishes, row.unpublishes)))
}

/// Takes the times that have come from a product that stays what it is.
async fn forget(tx: &TenantTx, clock: &Clock, id: ProductId, why: Option<PublishFailure>) -> Result<(), Error> {
    let text = "UPDATE products SET publish_at = CASE WHEN publish_at > now() THEN publish_at END,
                  unpublish_at = CASE WHEN unpublish_at > now() THEN unpublish_at END,
                  publish_failed = coalesce($3, publish_failed), version = version + 1, updated_at = $4
                WHERE tenant_id = $1 AND id = $2";
    let values = [tx.tenant().into(), id.into(), why.map(PublishFailure::as_str).into(), clock.now().into()];
    sql::run(tx, text, values).await?;
    settle::end(tx, clock, id, ProductChange::Edited).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_turned_by_what_it_is_when_the_time_has_come() {
        let cases = [
            (Status::Draft, true, false, Some(Turn::Publish)),
            (Status::Draft, true, true, Some(Turn::Forget)),
            (Status::Draft, false, true, Some(Turn::Forget)),
            (Status::Published, true, false, Some(Turn::Forget)),
            (Status::Published, true, true, Some(Turn::Unpublish)),
            (Status::Published, false, true, Some(Turn::Unpublish)),
            (Status::Archived, true, false, Some(Turn::Fail(PublishFailure::Archived))),
            (Status::Archived, false, true, Some(Turn::Forget)),
            (Status::Draft, false, false, None),
        ];
        for (status, publishes, unpublishes, turn) in cases {
            assert_eq!(next(status, publishes, unpublishes), turn, "{status:?} {publishes} {unpublishes}");
        }
    }
}
