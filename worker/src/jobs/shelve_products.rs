use commerce::{catalog::collections, ids::ProductId};
use serde::{Deserialize, Serialize};

use crate::call::{Call, JobError};

/// Has products join and leave the collections whose rules ask for stock. Looks at them anew each time, so it may run twice or late.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShelveProducts {
    pub products: Vec<ProductId>,
}

pub(super) async fn run(job: ShelveProducts, call: &Call) -> Result<(), JobError> {
    Ok(collections::shelve(&call.db()?, &job.products).await?)
}
