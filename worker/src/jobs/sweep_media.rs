use commerce::media;
use serde::{Deserialize, Serialize};

use super::{CollectGarbage, Job};
use crate::{
    call::{Call, JobError},
    envelope::Envelope,
    relay,
};

/// Has the garbage of each store that has pictures collected in its turn.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SweepMedia {}

pub(super) async fn run(_: SweepMedia, call: &Call) -> Result<(), JobError> {
    let tx = call.database.platform().begin().await?;
    let tenants = media::tenants_with_media(&tx).await?;
    let sweep = |tenant| Envelope {
        tenant: Some(tenant),
        key: call.key().to_owned(),
        caused_at: call.caused_at(),
        trace_parent: None,
        job: Job::from(CollectGarbage { after: None }),
    };
    relay::wait(&tx, tenants.into_iter().map(sweep)).await?;
    Ok(tx.commit().await?)
}
