//! The first step: facts become waiting jobs, in one transaction with the mark that they were.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use commerce::facts::AnyFact;
use metrics::counter;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement};
use serde_json::{Value, json};
use tenancy::{PlatformDb, PlatformTx, TenantId};
use tracing::error;
use uuid::Uuid;

use super::turns::{self, Queue};
use crate::{envelope::Envelope, reactions};

const TENANTS_A_ROUND: usize = 64;
const FACTS_A_TURN: i64 = 32;

#[derive(Default)]
pub(super) struct Reactor {
    last: Uuid,
    /// Codes that a newer release writes and this one cannot read. They stay unrelayed for that release.
    unknown: BTreeSet<String>,
}

#[derive(FromQueryResult)]
struct Row {
    tenant_id: Uuid,
    id: Uuid,
    code: String,
    body: Value,
    trace_parent: Option<String>,
    occurred_at: DateTime<Utc>,
}

impl Reactor {
    /// One round of turns. Answers how many facts it has relayed. Two relays may do this at once: a fact that one of them
    /// holds is skipped by the other.
    pub(super) async fn round(&mut self, db: &PlatformDb) -> Result<usize, DbErr> {
        let tx = db.begin().await?;
        let tenants = turns::next(&tx, Queue::Facts, self.last, TENANTS_A_ROUND).await?;
        let Some(last) = tenants.last().copied() else { return Ok(0) };
        let rows = self.take(&tx, &tenants).await?;
        self.last = last;
        let (mut relayed, mut waiting) = (Vec::new(), Vec::new());
        for row in rows {
            match AnyFact::decode(&row.code, &row.body) {
                Ok(fact) => {
                    waiting.extend(jobs_of(&row, &fact));
                    relayed.push(json!({ "tenant_id": row.tenant_id, "id": row.id }));
                }
                Err(reason) => {
                    error!(fact.id = %row.id, fact.code = row.code, error = %reason, "This release cannot read the fact; it stays for one that can");
                    self.unknown.insert(row.code);
                }
            }
        }
        if relayed.is_empty() {
            return Ok(0);
        }
        let count = relayed.len();
        super::wait(&tx, waiting).await?;
        mark(&tx, relayed).await?;
        tx.commit().await?;
        counter!("stoa_facts_relayed_total").increment(count as u64);
        Ok(count)
    }

    async fn take(&self, tx: &PlatformTx, tenants: &[Uuid]) -> Result<Vec<Row>, DbErr> {
        let sql = "SELECT fact.* FROM unnest($1::uuid[]) AS turn (tenant_id)
                   CROSS JOIN LATERAL (
                     SELECT tenant_id, id, code, body, trace_parent, occurred_at FROM facts
                     WHERE tenant_id = turn.tenant_id AND relayed_at IS NULL
                       AND code NOT IN (SELECT jsonb_array_elements_text($2))
                     ORDER BY occurred_at, id LIMIT $3 FOR UPDATE SKIP LOCKED
                   ) fact";
        let values = [tenants.to_vec().into(), json!(self.unknown).into(), FACTS_A_TURN.into()];
        Row::find_by_statement(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).all(tx).await
    }
}

fn jobs_of(row: &Row, fact: &AnyFact) -> impl Iterator<Item = Envelope> {
    let wrap = |job| Envelope {
        tenant: Some(TenantId::from_uuid(row.tenant_id)),
        key: row.id.to_string(),
        caused_at: row.occurred_at,
        trace_parent: row.trace_parent.clone(),
        job,
    };
    reactions::to(fact).into_iter().map(wrap)
}

async fn mark(tx: &PlatformTx, relayed: Vec<Value>) -> Result<(), DbErr> {
    let mark = "UPDATE facts SET relayed_at = now() FROM jsonb_to_recordset($1) AS relayed (tenant_id uuid, id uuid)
                WHERE facts.tenant_id = relayed.tenant_id AND facts.id = relayed.id";
    tx.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, mark, [Value::from(relayed).into()])).await?;
    Ok(())
}
