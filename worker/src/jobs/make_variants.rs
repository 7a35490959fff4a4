use commerce::{
    catalog::images,
    ids::MediaId,
    media::{self, Turn},
};
use serde::{Deserialize, Serialize};

use super::Job;
use crate::{
    call::{Call, JobError},
    envelope::Envelope,
    relay,
};

/// Makes what is shown of a picture, and has products show it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MakeVariants {
    pub media: MediaId,
    /// How often it has given way to others.
    #[serde(default)]
    pub turn: u32,
}

pub(super) async fn run(job: MakeVariants, call: &Call) -> Result<(), JobError> {
    let db = call.db()?;
    if media::make_variants(&db, &call.objects, &call.renderer, &call.clock, job.media).await? == Turn::Ended {
        let tx = db.begin().await?;
        images::show(&tx, &call.clock, job.media).await?;
        return Ok(tx.commit().await?);
    }
    let turn = job.turn + 1;
    let rest = Envelope {
        tenant: Some(db.tenant()),
        // Under the fact that asked: the same picture may be made again after another.
        key: format!("{}:{turn}", call.key().split(':').next().unwrap_or_default()),
        caused_at: call.clock.now(),
        trace_parent: call.trace_parent().map(str::to_owned),
        job: Job::from(MakeVariants { turn, ..job }),
    };
    let tx = db.begin().await?;
    relay::wait(&tx, [rest]).await?;
    Ok(tx.commit().await?)
}
