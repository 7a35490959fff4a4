use commerce::{analytics, orders::OrderCancelled};
use serde::{Deserialize, Serialize};

use crate::call::{Call, JobError};

/// Counts a cancellation in the store's sales.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RecordCancellation {
    pub cancelled: OrderCancelled,
}

pub(super) async fn run(job: RecordCancellation, call: &Call) -> Result<(), JobError> {
    let Some(tx) = call.once().await? else { return Ok(()) };
    analytics::record_cancellation(&tx, &job.cancelled).await?;
    Ok(tx.commit().await?)
}
