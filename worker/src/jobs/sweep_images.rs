use commerce::catalog;
use serde::{Deserialize, Serialize};

use super::{FetchImages, Job};
use crate::{
    call::{Call, JobError},
    relay,
};

/// Looks for stores with images whose files are due to be fetched: for another time, or because whoever was at it has died.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SweepImages {}

pub(super) async fn run(_: SweepImages, call: &Call) -> Result<(), JobError> {
    let tx = call.database.platform().begin().await?;
    let due = catalog::tenants_awaiting_images(&tx).await?;
    relay::wait_in_each(&tx, call, due, &Job::from(FetchImages { turn: 0 })).await?;
    Ok(tx.commit().await?)
}
