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

/// [`record`] for many facts of one kind, in one statement.
///
/// # Errors
/// Postgres is away.
pub async fn record_all<F: Fact>(tx: &TenantTx, clock: &Clock, facts: &[F]) -> Result<(), DbErr> {
    facts.iter().try_fold(Facts::default(), Facts::and)?.record(tx, clock).await
}

/// Facts of several kinds, saved in one statement and in their order.
#[derive(Default)]
pub struct Facts {
    ids: Vec<Uuid>,
    codes: Vec<String>,
    aggregates: Vec<String>,
    aggregate_ids: Vec<Uuid>,
    bodies: Vec<String>,
}

impl Facts {
    /// # Errors
    /// The fact cannot be written as JSON.
    pub fn and<F: Fact>(mut self, fact: &F) -> Result<Self, DbErr> {
        self.ids.push(FactId::new().uuid());
        self.codes.push(F::CODE.to_owned());
        self.aggregates.push(F::AGGREGATE.to_owned());
        self.aggregate_ids.push(fact.aggregate_id());
        self.bodies.push(serde_json::to_string(fact).map_err(|error| DbErr::Json(error.to_string()))?);
        Ok(self)
    }

    /// # Errors
    /// Postgres is away.
    pub async fn record(self, tx: &TenantTx, clock: &Clock) -> Result<(), DbErr> {
        if self.ids.is_empty() {
            return Ok(());
        }
        let values: [Value; 8] = [
            tx.tenant().into(),
            self.ids.into(),
            self.codes.into(),
            self.aggregates.into(),
            self.aggregate_ids.into(),
            self.bodies.into(),
            telemetry::current_trace_parent().into(),
            clock.now().into(),
        ];
        tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), RECORD, values)).await.map(|_| ())
    }
}

const RECORD: &str = "
INSERT INTO facts (tenant_id, id, code, aggregate, aggregate_id, sequence, body, trace_parent, occurred_at)
SELECT $1, new.id, new.code, new.aggregate, new.aggregate_id,
       row_number() OVER (PARTITION BY new.aggregate_id ORDER BY new.place)
         + coalesce((SELECT max(f.sequence) FROM facts f WHERE f.tenant_id = $1 AND f.aggregate_id = new.aggregate_id), 0),
       new.body::jsonb, $7, $8
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::text[]) WITH ORDINALITY
  AS new (id, code, aggregate, aggregate_id, body, place)";
