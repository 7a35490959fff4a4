//! What is shown of a picture, made in turns: each makes some of its files, puts them where files are kept, and then says in the
//! row how many there are. A turn that is cut short is done again and writes the same files.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use sea_orm::Value;
use tenancy::{TenantDb, TenantTx};
use tokio::sync::Semaphore;

use super::{
    Error, Media, Objects, Status, library,
    picture::Fallback,
    render::{Rendered, render},
};
use crate::{clock::Clock, ids::MediaId, sql};

/// Of making files; the last of them may take longer.
const A_TURN: Duration = Duration::from_secs(3);
/// For the other one's turn to end; then it is better to come back later.
const WAITS_AT_MOST: Duration = Duration::from_secs(2);

/// One picture at a time in a process: its pixels take hundreds of megabytes, and its work a processor.
#[derive(Clone, Debug)]
pub struct Renderer(Arc<Semaphore>);

impl Default for Renderer {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Ready, failed, or gone: whatever shows the picture may be told.
    Ended,
    /// There is more to make.
    Goes,
}

/// Makes some of a picture's files. To be called until [`Turn::Ended`]; calling it again, or twice at once, is right.
///
/// # Errors
/// `Store`; the database is away.
pub async fn make_variants(db: &TenantDb, objects: &Objects, renderer: &Renderer, clock: &Clock, id: MediaId) -> Result<Turn, Error> {
    let media = match library::find(&db.begin().await?, id).await {
        Ok(media) if media.status == Status::Uploaded => media,
        Ok(_) | Err(Error::NotFound(_)) => return Ok(Turn::Ended),
        Err(error) => return Err(error),
    };
    let original = objects.original(db.tenant(), id).await?;
    match renderer.render(original, media.rendered).await {
        Ok(None) => Ok(Turn::Goes),
        Ok(Some(made)) => keep(db, objects, clock, &media, made).await,
        Err(error) if error.is_about_the_file() => fail(db, clock, id, &error).await,
        Err(error) => Err(error),
    }
}

impl Renderer {
    /// None: another picture's turn was too long to wait for.
    async fn render(&self, original: Bytes, done: usize) -> Result<Option<Rendered>, Error> {
        let Ok(turn) = tokio::time::timeout(WAITS_AT_MOST, self.0.clone().acquire_owned()).await else { return Ok(None) };
        let turn = turn.map_err(|_| Error::Stopped)?;
        let work = tokio::task::spawn_blocking(move || {
            let rendered = render(&original, done, Instant::now() + A_TURN);
            // Held by the work itself: whoever waits for it may have gone.
            drop(turn);
            rendered
        });
        match work.await {
            Ok(rendered) => rendered.map(Some),
            // A decoder that gives up on a file in this way will do so again.
            Err(ended) if ended.is_panic() => Err(Error::Unreadable),
            Err(_) => Err(Error::Stopped),
        }
    }
}

async fn keep(db: &TenantDb, objects: &Objects, clock: &Clock, media: &Media, rendered: Rendered) -> Result<Turn, Error> {
    for (file, bytes) in rendered.files {
        objects.put_shown((db.tenant(), media.id), &file.name(&media.name_hash), bytes).await?;
    }
    let text = "UPDATE media SET rendered = $3, fallback = $4, status = CASE WHEN $5 THEN 'ready' ELSE status END, updated_at = $6
                WHERE tenant_id = $1 AND id = $2 AND status = 'uploaded' AND rendered <= $3";
    let fallback = match rendered.fallback {
        Fallback::Jpg => "jpg",
        Fallback::Png => "png",
    };
    let values: [Value; 6] = [
        db.tenant().into(),
        media.id.into(),
        i16::try_from(rendered.done).unwrap_or(i16::MAX).into(),
        fallback.into(),
        rendered.is_complete.into(),
        clock.now().into(),
    ];
    run(db.begin().await?, text, values).await?;
    Ok(if rendered.is_complete { Turn::Ended } else { Turn::Goes })
}

async fn fail(db: &TenantDb, clock: &Clock, id: MediaId, why: &Error) -> Result<Turn, Error> {
    let text = "UPDATE media SET status = 'failed', failure = left($3, 200), updated_at = $4
                WHERE tenant_id = $1 AND id = $2 AND status = 'uploaded'";
    run(db.begin().await?, text, [db.tenant().into(), id.into(), why.to_string().into(), clock.now().into()]).await?;
    Ok(Turn::Ended)
}

async fn run(tx: TenantTx, text: &str, values: impl IntoIterator<Item = Value>) -> Result<(), Error> {
    sql::run(&tx, text, values).await?;
    Ok(tx.commit().await?)
}
