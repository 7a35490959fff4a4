use commerce::checkout;
use serde::{Deserialize, Serialize};

use super::{Job, SweepStore};
use crate::{
    call::{Call, JobError},
    envelope::Envelope,
    relay,
};

/// Looks for stores in which checkouts ran out or payments hang, and has each seen to in its turn.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SweepCheckouts {}

pub(super) async fn run(_: SweepCheckouts, call: &Call) -> Result<(), JobError> {
    let tx = call.database.platform().begin().await?;
    let due = checkout::due_tenants(&tx).await?;
    let sweep = |tenant| Envelope {
        tenant: Some(tenant),
        key: call.key().to_owned(),
        caused_at: call.caused_at(),
        trace_parent: None,
        job: Job::from(SweepStore {}),
    };
    relay::wait(&tx, due.into_iter().map(sweep)).await?;
    Ok(tx.commit().await?)
}
