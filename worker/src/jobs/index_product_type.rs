use commerce::ids::ProductTypeId;
use serde::{Deserialize, Serialize};

use super::index_batches::ask_for;
use crate::call::{Call, JobError};

/// Has all products of a type indexed anew.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IndexProductType {
    pub product_type: ProductTypeId,
}

pub(super) async fn run(job: IndexProductType, call: &Call) -> Result<(), JobError> {
    let text = "SELECT p.id AS product_id FROM product_types t
                JOIN products p ON p.tenant_id = t.tenant_id AND p.product_type = t.name WHERE t.id = $1 ORDER BY p.id";
    ask_for(call, text, job.product_type).await
}
