use commerce::{analytics, orders::OrderPlaced};
use serde::{Deserialize, Serialize};

use crate::call::{Call, JobError};

/// Counts an order in the store's sales.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RecordSale {
    pub sale: OrderPlaced,
}

pub(super) async fn run(job: RecordSale, call: &Call) -> Result<(), JobError> {
    let Some(tx) = call.once().await? else { return Ok(()) };
    analytics::record_sale(&tx, &job.sale).await?;
    Ok(tx.commit().await?)
}
