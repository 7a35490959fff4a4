use commerce::media;
use serde::{Deserialize, Serialize};

use super::{CollectGarbage, Job};
use crate::{
    call::{Call, JobError},
    relay,
};

/// Has the garbage of each store that has pictures collected in its turn.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SweepMedia {}

pub(super) async fn run(_: SweepMedia, call: &Call) -> Result<(), JobError> {
    let tx = call.database.platform().begin().await?;
    let tenants = media::tenants_with_media(&tx).await?;
    relay::wait_in_each(&tx, call, tenants, &Job::from(CollectGarbage { after: None })).await?;
    Ok(tx.commit().await?)
}
