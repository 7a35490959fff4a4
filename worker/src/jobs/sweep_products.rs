use commerce::catalog::schedule;
use serde::{Deserialize, Serialize};

use super::{Job, TurnProducts};
use crate::{
    call::{Call, JobError},
    relay,
};

/// Looks for stores in which a product is due to be published or taken back, and has each seen to in its turn.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SweepProducts {}

pub(super) async fn run(_: SweepProducts, call: &Call) -> Result<(), JobError> {
    let tx = call.database.platform().begin().await?;
    let due = schedule::due_tenants(&tx).await?;
    relay::wait_in_each(&tx, call, due, &Job::from(TurnProducts {})).await?;
    Ok(tx.commit().await?)
}
