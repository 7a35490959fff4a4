use serde::{Deserialize, Serialize};
use tenancy::AccountId;

use super::send_ownership_notice::tell;
use crate::call::{Call, JobError};

/// Tells who handed a store over that it is another's: should it not have been them, they hear of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendOwnershipFarewell {
    pub from: AccountId,
    pub to: AccountId,
}

pub(super) async fn run(job: SendOwnershipFarewell, call: &Call) -> Result<(), JobError> {
    tell(call, (job.from, job.to), false).await
}
