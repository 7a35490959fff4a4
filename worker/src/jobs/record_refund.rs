use commerce::{analytics, money::Money};
use serde::{Deserialize, Serialize};

use crate::call::{Call, JobError};

/// Counts a refund in the store's sales.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RecordRefund {
    pub amount: Money,
}

pub(super) async fn run(job: RecordRefund, call: &Call) -> Result<(), JobError> {
    let Some(tx) = call.once().await? else { return Ok(()) };
    analytics::record_refund(&tx, call.caused_at(), job.amount).await?;
    Ok(tx.commit().await?)
}
