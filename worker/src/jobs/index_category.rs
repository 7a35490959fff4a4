use commerce::ids::{CategoryId, ProductId};
use sea_orm::{ConnectionTrait, Statement};
use serde::{Deserialize, Serialize};

use super::{IndexProducts, Job};
use crate::{
    call::{Call, JobError},
    envelope::Envelope,
    relay,
};

/// Has all products below a category indexed anew, in batches of their own that wait their turn.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IndexCategory {
    pub category: CategoryId,
}

const BATCH: usize = 200;

pub(super) async fn run(job: IndexCategory, call: &Call) -> Result<(), JobError> {
    let Some(tx) = call.once().await? else { return Ok(()) };
    let ask = "WITH RECURSIVE below (id) AS (
                 SELECT id FROM categories WHERE id = $1
                 UNION SELECT child.id FROM categories child JOIN below ON child.parent_id = below.id
               )
               SELECT DISTINCT product_id FROM product_categories JOIN below ON category_id = below.id ORDER BY product_id";
    let rows = tx.query_all_raw(Statement::from_sql_and_values(tx.get_database_backend(), ask, [job.category.into()])).await?;
    let products = rows.iter().map(|row| row.try_get("", "product_id")).collect::<Result<Vec<ProductId>, _>>()?;
    let batch = |(place, products): (usize, &[ProductId])| Envelope {
        tenant: Some(tx.tenant()),
        key: format!("{}:{place}", call.key()),
        caused_at: call.caused_at(),
        trace_parent: call.trace_parent().map(str::to_owned),
        job: Job::from(IndexProducts { products: products.to_vec() }),
    };
    relay::wait(&tx, products.chunks(BATCH).enumerate().map(batch)).await?;
    Ok(tx.commit().await?)
}
