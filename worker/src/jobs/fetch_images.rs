use std::time::{Duration, Instant};

use commerce::catalog::{self, Fetched};
use serde::{Deserialize, Serialize};

use super::Job;
use crate::{
    call::{Call, JobError},
    envelope::Envelope,
    relay,
};

/// Fetches the files of a store's images that are due, one after another.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FetchImages {
    /// How often it has given way to others.
    #[serde(default)]
    pub turn: u32,
}

/// Then the rest waits for its next turn; the one that is under way may take longer.
const A_TURN: Duration = Duration::from_secs(2);

pub(super) async fn run(job: FetchImages, call: &Call) -> Result<(), JobError> {
    let (db, started) = (call.db()?, Instant::now());
    while started.elapsed() < A_TURN {
        if catalog::fetch_images(&db, &call.objects, &call.outside, &call.clock).await? == Fetched::Nothing {
            return Ok(());
        }
    }
    let turn = job.turn + 1;
    let rest = Envelope {
        tenant: Some(db.tenant()),
        key: format!("{}/{turn}", call.key().split('/').next().unwrap_or_default()),
        caused_at: call.clock.now(),
        trace_parent: call.trace_parent().map(str::to_owned),
        job: Job::from(FetchImages { turn }),
    };
    let tx = db.begin().await?;
    relay::wait(&tx, [rest]).await?;
    Ok(tx.commit().await?)
}
