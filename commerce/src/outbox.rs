//! Facts, saved in the transaction of the change they tell of. What follows from them is the worker's business.
//!
//! A fact holds ids and figures, never names, addresses or e-mails: it outlives the person it is about.

use sea_orm::{ConnectionTrait, DbErr, Statement, Value};
use serde::Serialize;
use tenancy::{TenantTx, telemetry};
use uuid::Uuid;

use crate::{clock::Clock, ids::FactId};

/// Something that happened, in the past tense.
pub trait Fact: Serialize {
    /// `orders.placed`.
    const CODE: &'static str;
    /// What it happened to: `order`.
    const AGGREGATE: &'static str;

    fn aggregate_id(&self) -> Uuid;
}

/// Saves a fact with the change. Facts of one aggregate are numbered without gaps; the caller holds a lock on the
/// aggregate (it has just changed it), so two numbers never race.
///
/// # Errors
/// Postgres is away.
pub async fn record<F: Fact>(tx: &TenantTx, clock: &Clock, fact: &F) -> Result<(), DbErr> {
    record_all(tx, clock, std::slice::from_ref(fact)).await
}

/// [`record`] for many facts of one kind, each of another aggregate, in one statement.
///
/// # Errors
/// Postgres is away.
pub async fn record_all<F: Fact>(tx: &TenantTx, clock: &Clock, facts: &[F]) -> Result<(), DbErr> {
    if facts.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = facts.iter().map(|_| FactId::new().uuid()).collect();
    let aggregates: Vec<Uuid> = facts.iter().map(Fact::aggregate_id).collect();
    let bodies = facts.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>().map_err(|error| DbErr::Json(error.to_string()))?;
    let values: [Value; 8] = [
        tx.tenant().into(),
        ids.into(),
        F::CODE.into(),
        F::AGGREGATE.into(),
        aggregates.into(),
        bodies.into(),
        telemetry::current_trace_parent().into(),
        clock.now().into(),
    ];
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), RECORD, values)).await.map(|_| ())
}

const RECORD: &str = "
INSERT INTO facts (tenant_id, id, code, aggregate, aggregate_id, sequence, body, trace_parent, occurred_at)
SELECT $1, new.id, $3, $4, new.aggregate_id,
       1 + coalesce((SELECT max(f.sequence) FROM facts f WHERE f.tenant_id = $1 AND f.aggregate_id = new.aggregate_id), 0),
       new.body::jsonb, $7, $8
FROM unnest($2::uuid[], $5::uuid[], $6::text[]) AS new (id, aggregate_id, body)";
