use commerce::{
    ids::{CustomerId, ExportId},
    privacy::exports,
};
use serde::{Deserialize, Serialize};

use crate::call::{Call, JobError};

/// Makes the copy of their data that a customer asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MakeExport {
    pub customer: CustomerId,
    pub export: ExportId,
}

pub(super) async fn run(job: MakeExport, call: &Call) -> Result<(), JobError> {
    Ok(exports::make(&call.db()?, &call.carts(), &call.clock, (job.customer, job.export)).await?)
}
