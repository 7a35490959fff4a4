//! Many products indexed anew because of one thing that they share: in batches of their own that wait their turn.

use commerce::ids::ProductId;
use sea_orm::{ConnectionTrait, Statement, Value};

use super::{IndexProducts, Job};
use crate::{
    call::{Call, JobError},
    envelope::Envelope,
    relay,
};

const BATCH: usize = 200;

/// Asks for the products that a statement names (`product_id`) to be indexed. Once, however often the job runs.
pub(super) async fn ask_for(call: &Call, text: &str, shared: impl Into<Value>) -> Result<(), JobError> {
    let Some(tx) = call.once().await? else { return Ok(()) };
    let rows = tx.query_all_raw(Statement::from_sql_and_values(tx.get_database_backend(), text, [shared.into()])).await?;
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
