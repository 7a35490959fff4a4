use commerce::media;
use serde::{Deserialize, Serialize};

use super::Job;
use crate::{
    call::{Call, JobError},
    envelope::Envelope,
    relay,
};

/// Takes a step through one store's pictures that nothing shows, and files that no picture knows. Looks at them anew each time, so it
/// may run twice.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CollectGarbage {
    /// The file at which the step before ended.
    #[serde(default)]
    pub after: Option<String>,
}

pub(super) async fn run(job: CollectGarbage, call: &Call) -> Result<(), JobError> {
    let db = call.db()?;
    let swept = media::collect_garbage(&db, &call.objects, &call.clock, job.after.as_deref()).await?;
    tracing::info!(rows = swept.rows, objects = swept.objects, "Collected the store's garbage");
    let Some(next) = swept.next else { return Ok(()) };
    let rest = Envelope {
        tenant: Some(db.tenant()),
        key: format!("{}/{next}", call.key().split('/').next().unwrap_or_default()),
        caused_at: call.clock.now(),
        trace_parent: call.trace_parent().map(str::to_owned),
        job: Job::from(CollectGarbage { after: Some(next) }),
    };
    let tx = db.begin().await?;
    relay::wait(&tx, [rest]).await?;
    Ok(tx.commit().await?)
}
