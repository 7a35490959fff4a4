//! apalis, tamed: its pool, its workers, and how a job enters it.
//!
//! What apalis 1.0 does not do by itself is done around it: one connection pool that never returns an open transaction
//! (`pool.rs`), slots that bound a lane (`slots.rs`), liveness that does not depend on load (`liveness.rs`), attempts with
//! time-outs (`crate::perform`), backoff and dead letters (a trigger, see `migrations/src/apalis.rs`), pruning
//! (`jobs/prune_history.rs`).

pub(crate) mod gauges;
mod liveness;
mod pool;
mod slots;
mod workers;

pub use liveness::Names;
pub use pool::connect;
pub use workers::run;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use serde_json::{Value, json};
use tenancy::PlatformTx;

use crate::{envelope::Envelope, lane::Lane};

/// Puts jobs into a lane, in their order, in the caller's transaction. One that is already there is left alone.
///
/// # Errors
/// Postgres is away.
pub async fn push(tx: &PlatformTx, lane: Lane, envelopes: &[Envelope]) -> Result<(), DbErr> {
    if envelopes.is_empty() {
        return Ok(());
    }
    let rows: Vec<Value> = envelopes.iter().map(|envelope| json!({ "key": envelope.idempotency_key(), "job": envelope })).collect();
    let insert = "INSERT INTO apalis.jobs (id, job_type, job, status, attempts, max_attempts, run_at, priority, metadata, idempotency_key)
                  SELECT apalis.generate_ulid(), $1, convert_to((row -> 'job')::text, 'UTF8'), 'Pending', 0, $2,
                         now() - ($3 - place) * interval '1 microsecond', 0, ''::hstore, row ->> 'key'
                  FROM jsonb_array_elements($4) WITH ORDINALITY AS given (row, place)
                  ON CONFLICT (job_type, idempotency_key) DO NOTHING";
    let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let values = [lane.as_str().into(), lane.rules().max_attempts.into(), count.into(), Value::from(rows).into()];
    tx.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, insert, values)).await?;
    Ok(())
}
