use std::time::{Duration, Instant};

use commerce::{catalog::imports, ids::ImportId};
use serde::{Deserialize, Serialize};

use super::Job;
use crate::{
    call::{Call, JobError},
    envelope::Envelope,
    relay,
};

/// Takes an imported file into the catalogue, batch by batch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunImport {
    pub import: ImportId,
    /// How often it has given way to others.
    #[serde(default)]
    pub turn: u32,
}

/// Then the rest waits for its next turn, so that one store's file does not keep the lane from the others.
const A_TURN: Duration = Duration::from_secs(4);

pub(super) async fn run(job: RunImport, call: &Call) -> Result<(), JobError> {
    let (db, started) = (call.db()?, Instant::now());
    while started.elapsed() < A_TURN {
        if imports::run_step(&db, &call.clock, job.import).await?.is_done {
            return Ok(());
        }
    }
    let turn = job.turn + 1;
    let rest = Envelope {
        tenant: Some(db.tenant()),
        key: format!("{}:{turn}", job.import),
        caused_at: call.clock.now(),
        trace_parent: call.trace_parent().map(str::to_owned),
        job: Job::from(RunImport { turn, ..job }),
    };
    let tx = db.begin().await?;
    relay::wait(&tx, [rest]).await?;
    Ok(tx.commit().await?)
}
