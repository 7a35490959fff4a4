use commerce::catalog::schedule;
use serde::{Deserialize, Serialize};

use super::{Job, TurnProducts};
use crate::{
    call::{Call, JobError},
    envelope::Envelope,
    relay,
};

/// Looks for stores in which a product is due to be published or taken back, and has each seen to in its turn.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SweepProducts {}

pub(super) async fn run(_: SweepProducts, call: &Call) -> Result<(), JobError> {
    let tx = call.database.platform().begin().await?;
    let due = schedule::due_tenants(&tx).await?;
    let turn = |tenant| Envelope {
        tenant: Some(tenant),
        key: call.key().to_owned(),
        caused_at: call.caused_at(),
        trace_parent: None,
        job: Job::from(TurnProducts {}),
    };
    relay::wait(&tx, due.into_iter().map(turn)).await?;
    Ok(tx.commit().await?)
}
