//! Whose turn it is: tenants in a circle, found by jumping over an index from one tenant to the next, however long one
//! tenant's own queue is.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use tenancy::PlatformTx;
use uuid::Uuid;

/// What is waited for.
#[derive(Clone, Copy)]
pub(super) enum Queue {
    Facts,
    Jobs(crate::lane::Lane),
}

/// At most `limit` tenants that wait, beginning after `last` and going round.
pub(super) async fn next(tx: &PlatformTx, queue: Queue, last: Uuid, limit: usize) -> Result<Vec<Uuid>, DbErr> {
    let mut tenants = after(tx, queue, last, limit).await?;
    if tenants.len() < limit && !last.is_nil() {
        for tenant in after(tx, queue, Uuid::nil(), limit).await? {
            if tenant > last || tenants.len() >= limit {
                break;
            }
            tenants.push(tenant);
        }
    }
    Ok(tenants)
}

async fn after(tx: &PlatformTx, queue: Queue, last: Uuid, limit: usize) -> Result<Vec<Uuid>, DbErr> {
    let (table, waits) = match queue {
        Queue::Facts => ("facts", "relayed_at IS NULL".to_owned()),
        Queue::Jobs(lane) => ("waiting_jobs", format!("lane = '{lane}'")),
    };
    let jump = format!(
        "WITH RECURSIVE turn (tenant_id, place) AS (
           (SELECT tenant_id, 1 FROM {table} WHERE {waits} AND tenant_id > $1 ORDER BY tenant_id LIMIT 1)
           UNION ALL
           SELECT (SELECT w.tenant_id FROM {table} w WHERE {waits} AND w.tenant_id > turn.tenant_id ORDER BY w.tenant_id LIMIT 1), place + 1
           FROM turn WHERE turn.tenant_id IS NOT NULL AND place < $2
         )
         SELECT tenant_id FROM turn WHERE tenant_id IS NOT NULL ORDER BY place"
    );
    let statement =
        Statement::from_sql_and_values(DbBackend::Postgres, jump, [last.into(), i64::try_from(limit).unwrap_or(i64::MAX).into()]);
    tx.query_all_raw(statement).await?.iter().map(|row| row.try_get("", "tenant_id")).collect()
}
