//! Images that a store names by their addresses: their files are fetched, one after another, and kept as pictures of the store. Until
//! then, and when that fails, the address itself is shown.
//!
//! An image is taken for a while, fetched with no transaction open, and then told what became of it: a fetch that dies is begun
//! again when the while is over. What may go better another time is tried again, later each time.

use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement};
use tenancy::{Actor, PlatformTx, TenantDb, TenantId};

use super::{Error, images};
use crate::{
    clock::Clock,
    ids::ImageId,
    media::{self, Objects, Original},
    outside::Outside,
    sql,
};

/// Longer than a fetch may take.
const TAKEN_FOR: TimeDelta = TimeDelta::minutes(1);
/// After the first, the second, … try that failed; then that is how it stays.
const AGAIN_AFTER: [TimeDelta; 4] = [TimeDelta::minutes(5), TimeDelta::minutes(30), TimeDelta::hours(3), TimeDelta::hours(24)];

/// Stores in which an image is due.
///
/// # Errors
/// Postgres is away.
pub async fn tenants_awaiting_images(tx: &PlatformTx) -> Result<Vec<TenantId>, DbErr> {
    let text = "SELECT t.id FROM tenants t WHERE EXISTS (SELECT FROM product_images i WHERE i.tenant_id = t.id AND i.fetch_after <= now())";
    let rows = tx.query_all_raw(Statement::from_string(tx.get_database_backend(), text)).await?;
    rows.iter().map(|row| row.try_get("", "id")).collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// No image is due now.
    Nothing,
    /// One was seen to; there may be more.
    One,
}

#[derive(FromQueryResult)]
struct Taken {
    id: ImageId,
    source_url: String,
    fetch_attempts: i16,
}

/// Sees to the next image that is due. To be called until it answers [`Fetched::Nothing`].
///
/// # Errors
/// The database is away.
pub async fn fetch_images(db: &TenantDb, objects: &Objects, outside: &Outside, clock: &Clock) -> Result<Fetched, Error> {
    let tx = db.begin().await?;
    let until = clock.now() + TAKEN_FOR;
    let taken: Option<Taken> = sql::one(&tx, TAKE, [tx.tenant().into(), clock.now().into(), until.into()]).await?;
    tx.commit().await?;
    let Some(image) = taken else { return Ok(Fetched::Nothing) };
    match fetch(db, objects, outside, clock, &image).await {
        Ok(()) => {}
        // Not the image's fault: somebody else may look into it.
        Err(media::Error::Database(error)) => return Err(error.into()),
        Err(error) => put_off(db, clock, &image, &error).await?,
    }
    Ok(Fetched::One)
}

async fn fetch(db: &TenantDb, objects: &Objects, outside: &Outside, clock: &Clock, image: &Taken) -> Result<(), media::Error> {
    let original = Original::fetch(outside, &image.source_url).await?;
    let placed = media::place(db, objects, original).await?;
    let tx = db.begin().await?;
    let media = media::record(&tx, clock, &placed, &Actor::System.to_string()).await?;
    sql::run(&tx, KEEP, [tx.tenant().into(), image.id.into(), media.id.into()]).await?;
    tx.commit().await?;
    if media.picture.is_some() {
        let tx = db.begin().await?;
        images::show(&tx, clock, media.id).await.map_err(of_database)?;
        tx.commit().await?;
    }
    Ok(())
}

/// To show a picture asks the database and nothing else.
fn of_database(error: Error) -> media::Error {
    match error {
        Error::Database(error) => media::Error::Database(error),
        other => media::Error::Database(DbErr::Custom(other.to_string())),
    }
}

async fn put_off(db: &TenantDb, clock: &Clock, image: &Taken, why: &media::Error) -> Result<(), Error> {
    let tries = usize::try_from(image.fetch_attempts).unwrap_or_default();
    let again = AGAIN_AFTER.get(tries.saturating_sub(1)).filter(|_| why.is_passing());
    let failure = again.is_none().then(|| why.to_string());
    tracing::info!(image.id = %image.id, error = %why, will_be_tried_again = again.is_some(), "An image could not be fetched");
    let tx = db.begin().await?;
    let values = [tx.tenant().into(), image.id.into(), again.map(|wait| clock.now() + *wait).into(), failure.into()];
    sql::run(&tx, PUT_OFF, values).await?;
    Ok(tx.commit().await?)
}

const TAKE: &str = "
UPDATE product_images i SET fetch_after = $3, fetch_attempts = i.fetch_attempts + 1
WHERE i.tenant_id = $1 AND i.id = (SELECT due.id FROM product_images due WHERE due.tenant_id = $1 AND due.fetch_after <= $2
  ORDER BY due.fetch_after, due.position, due.id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING i.id, i.source_url, i.fetch_attempts";

const KEEP: &str = "
UPDATE product_images SET media_id = $3, failure = NULL, fetch_after = NULL WHERE tenant_id = $1 AND id = $2";

const PUT_OFF: &str = "
UPDATE product_images SET fetch_after = $3, failure = left($4, 200) WHERE tenant_id = $1 AND id = $2";
