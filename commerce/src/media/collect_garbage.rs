//! What nobody shows is not kept for ever. Rows first: those that no product or collection has shown for a day and no order shows, each with a fact that has its
//! objects removed. Then objects: those that are a day old and have no row, left by a process that died between the two.
//!
//! A day, because an upload is not shown at once, and because an object is there before its row is.

use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement};
use tenancy::{PlatformTx, TenantDb, TenantId, TenantTx};
use uuid::Uuid;

use super::{Error, MediaDeleted, Objects, objects::Found};
use crate::{clock::Clock, ids::MediaId, outbox, sql};

const KEPT_UNUSED_FOR: TimeDelta = TimeDelta::days(1);
const ROWS_A_STEP: i64 = 200;
const OBJECTS_A_STEP: usize = 500;

/// Stores that have pictures.
///
/// # Errors
/// Postgres is away.
pub async fn tenants_with_media(tx: &PlatformTx) -> Result<Vec<TenantId>, DbErr> {
    let text = "SELECT t.id FROM tenants t WHERE EXISTS (SELECT FROM media m WHERE m.tenant_id = t.id) ORDER BY t.id";
    let rows = tx.query_all_raw(Statement::from_string(tx.get_database_backend(), text)).await?;
    rows.iter().map(|row| row.try_get("", "id")).collect()
}

/// How far a step has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub rows: usize,
    pub objects: usize,
    /// Where the next step goes on; none: that was all.
    pub next: Option<String>,
}

/// One step through a store's garbage. `after` is what the step before said.
///
/// # Errors
/// `Store`; the database is away.
pub async fn collect_garbage(db: &TenantDb, objects: &Objects, clock: &Clock, after: Option<&str>) -> Result<Swept, Error> {
    let rows = if after.is_none() { forget_unused(db, clock).await? } else { 0 };
    let found = objects.list(db.tenant(), after, OBJECTS_A_STEP).await?;
    let next = found.last().filter(|_| found.len() == OBJECTS_A_STEP).map(|last| last.key.clone());
    let strays = strays(db, clock, &found).await?;
    for stray in &strays {
        objects.remove(db.tenant(), *stray).await?;
    }
    Ok(Swept { rows, objects: strays.len(), next })
}

/// Removes the objects of a picture whose row is gone.
///
/// # Errors
/// `Store`; the database is away.
pub async fn remove_objects(db: &TenantDb, objects: &Objects, id: MediaId) -> Result<(), Error> {
    // An id is used once: a row that is there now was never gone.
    if known(&db.begin().await?, &[id.uuid()]).await?.is_empty() {
        objects.remove(db.tenant(), id).await?;
    }
    Ok(())
}

async fn forget_unused(db: &TenantDb, clock: &Clock) -> Result<usize, Error> {
    let tx = db.begin().await?;
    sql::run(&tx, MARK, [tx.tenant().into(), clock.now().into()]).await?;
    tx.commit().await?;
    let mut count = 0;
    loop {
        let tx = db.begin().await?;
        let due: Vec<Id> = sql::all(&tx, DUE, [tx.tenant().into(), (clock.now() - KEPT_UNUSED_FOR).into(), ROWS_A_STEP.into()]).await?;
        let ids: Vec<Uuid> = due.iter().map(|row| row.id.uuid()).collect();
        if ids.is_empty() {
            return Ok(count);
        }
        // A statement of its own: whoever began to show one of them before its row was locked has ended, and is seen here.
        let gone: Vec<Id> = sql::all(&tx, FORGET, [tx.tenant().into(), ids.into()]).await?;
        let facts: Vec<MediaDeleted> = gone.iter().map(|row| MediaDeleted { media_id: row.id }).collect();
        outbox::record_all(&tx, clock, &facts).await?;
        tx.commit().await?;
        count += gone.len();
        if gone.is_empty() {
            return Ok(count);
        }
    }
}

#[derive(FromQueryResult)]
struct Id {
    id: MediaId,
}

const MARK: &str = "
UPDATE media m SET unused_since = CASE WHEN used.is_used THEN NULL ELSE $2::timestamptz END
FROM (SELECT o.id, EXISTS (SELECT FROM product_images i WHERE i.tenant_id = $1 AND i.media_id = o.id)
        OR EXISTS (SELECT FROM collections c WHERE c.tenant_id = $1 AND c.media_id = o.id) AS is_used
      FROM media o WHERE o.tenant_id = $1) used
WHERE m.tenant_id = $1 AND m.id = used.id AND used.is_used = (m.unused_since IS NOT NULL)";

/// What was bought is shown by its order for ever: an order's line is a copy, and its picture a path (the picture is its fourth part).
const DUE: &str = "
SELECT id FROM media WHERE tenant_id = $1 AND unused_since <= $2
  AND id::text NOT IN (SELECT split_part(l.image_url, '/', 4) FROM order_lines l WHERE l.tenant_id = $1 AND l.image_url LIKE '/media/%')
ORDER BY id LIMIT $3 FOR UPDATE";

const FORGET: &str = "
DELETE FROM media m WHERE m.tenant_id = $1 AND m.id = ANY ($2)
  AND NOT EXISTS (SELECT FROM product_images i WHERE i.tenant_id = $1 AND i.media_id = m.id)
  AND NOT EXISTS (SELECT FROM collections c WHERE c.tenant_id = $1 AND c.media_id = m.id)
RETURNING m.id";

/// Pictures of which there are old objects and no row.
async fn strays(db: &TenantDb, clock: &Clock, found: &[Found]) -> Result<Vec<MediaId>, Error> {
    let before = clock.now() - KEPT_UNUSED_FOR;
    let mut old: Vec<Uuid> = found.iter().filter(|object| object.written_at < before).map(|object| object.media.uuid()).collect();
    // Its original is listed apart from what is shown of it.
    old.sort_unstable();
    old.dedup();
    if old.is_empty() {
        return Ok(Vec::new());
    }
    let known = known(&db.begin().await?, &old).await?;
    Ok(old.into_iter().map(MediaId::from_uuid).filter(|id| !known.contains(id)).collect())
}

async fn known(tx: &TenantTx, ids: &[Uuid]) -> Result<Vec<MediaId>, DbErr> {
    let text = "SELECT id FROM media WHERE tenant_id = $1 AND id = ANY ($2)";
    let rows: Vec<Id> = sql::all(tx, text, [tx.tenant().into(), ids.to_vec().into()]).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}
