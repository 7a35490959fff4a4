use commerce::checkout;
use serde::{Deserialize, Serialize};

use super::{Job, SweepStore};
use crate::{
    call::{Call, JobError},
    relay,
};

/// Looks for stores in which checkouts ran out or payments hang, and has each seen to in its turn.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SweepCheckouts {}

pub(super) async fn run(_: SweepCheckouts, call: &Call) -> Result<(), JobError> {
    let tx = call.database.platform().begin().await?;
    let due = checkout::due_tenants(&tx).await?;
    relay::wait_in_each(&tx, call, due, &Job::from(SweepStore {})).await?;
    Ok(tx.commit().await?)
}
