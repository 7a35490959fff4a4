use std::time::{Duration, Instant};

use commerce::{
    catalog::collections::{self, Settled},
    ids::CollectionId,
};
use serde::{Deserialize, Serialize};

use super::Job;
use crate::{
    call::{Call, JobError},
    envelope::Envelope,
    relay,
};

/// Has a collection hold what its rule says, batch by batch. One that does already is left alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SettleCollection {
    pub collection: CollectionId,
    /// How often it has given way to others.
    #[serde(default)]
    pub turn: u32,
}

/// Then the rest waits for its next turn, so that one store's collection does not keep the lane from the others.
const A_TURN: Duration = Duration::from_secs(4);

pub(super) async fn run(job: SettleCollection, call: &Call) -> Result<(), JobError> {
    let (db, started) = (call.db()?, Instant::now());
    while started.elapsed() < A_TURN {
        if collections::settle_step(&db, &call.clock, job.collection).await? == Settled::Wholly {
            return Ok(());
        }
    }
    let turn = job.turn + 1;
    let rest = Envelope {
        tenant: Some(db.tenant()),
        key: format!("{}/{turn}", call.key().split('/').next().unwrap_or_default()),
        caused_at: call.clock.now(),
        trace_parent: call.trace_parent().map(str::to_owned),
        job: Job::from(SettleCollection { turn, ..job }),
    };
    let tx = db.begin().await?;
    relay::wait(&tx, [rest]).await?;
    Ok(tx.commit().await?)
}
