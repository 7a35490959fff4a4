use commerce::ids::CategoryId;
use serde::{Deserialize, Serialize};

use super::index_batches::ask_for;
use crate::call::{Call, JobError};

/// Has all products below a category indexed anew.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IndexCategory {
    pub category: CategoryId,
}

pub(super) async fn run(job: IndexCategory, call: &Call) -> Result<(), JobError> {
    let text = "WITH RECURSIVE below (id) AS (
                  SELECT id FROM categories WHERE id = $1
                  UNION SELECT child.id FROM categories child JOIN below ON child.parent_id = below.id
                )
                SELECT DISTINCT product_id FROM product_categories JOIN below ON category_id = below.id ORDER BY product_id";
    ask_for(call, text, job.category).await
}
