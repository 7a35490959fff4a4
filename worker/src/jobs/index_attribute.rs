use commerce::ids::AttributeId;
use serde::{Deserialize, Serialize};

use super::index_batches::ask_for;
use crate::call::{Call, JobError};

/// Has all products that have a value of an attribute indexed anew.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IndexAttribute {
    pub attribute: AttributeId,
}

pub(super) async fn run(job: IndexAttribute, call: &Call) -> Result<(), JobError> {
    let text = "SELECT DISTINCT product_id FROM attribute_values WHERE attribute_id = $1 ORDER BY product_id";
    ask_for(call, text, job.attribute).await
}
