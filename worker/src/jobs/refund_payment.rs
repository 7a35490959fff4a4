use commerce::payments::{self, RefundRequested};
use serde::{Deserialize, Serialize};

use crate::call::{Call, JobError};

/// Asks the gateway to give money back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefundPayment {
    pub request: RefundRequested,
}

pub(super) async fn run(job: RefundPayment, call: &Call) -> Result<(), JobError> {
    Ok(payments::refund_payment(&call.db()?, &call.gateways, &call.clock, &job.request).await?)
}
