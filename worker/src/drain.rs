//! The whole worker in one call, for tests: no apalis, no clock, no waiting.

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement};
use serde_json::Value;
use uuid::Uuid;

use crate::{call::JobError, ctx::Ctx, envelope::Envelope, perform::perform, relay::Relay};

/// What a drain has run.
#[derive(Debug, Default)]
pub struct Drained {
    pub facts: usize,
    /// The kinds of the jobs that went well, in their order.
    pub done: Vec<&'static str>,
    /// The kinds of those that did not, and why. They are not tried again.
    pub failed: Vec<(&'static str, JobError)>,
}

#[derive(FromQueryResult)]
struct Waiting {
    tenant_id: Uuid,
    id: Uuid,
    job: Value,
}

/// Relays until no fact is left and runs every waiting job once, in this process, including those that follow from them.
///
/// # Errors
/// Postgres is away, or a waiting job cannot be read.
pub async fn drain(ctx: &Ctx) -> anyhow::Result<Drained> {
    let mut relay = Relay::new(ctx.database.clone(), std::sync::Arc::default());
    let mut drained = Drained::default();
    loop {
        let relayed = relay.react().await?;
        drained.facts += relayed;
        let waiting = take(ctx).await?;
        if relayed == 0 && waiting.is_empty() {
            return Ok(drained);
        }
        for row in waiting {
            let envelope: Envelope = serde_json::from_value(row.job)?;
            let (kind, time_out) = (envelope.job.kind(), envelope.job.lane().rules().time_out);
            match perform(ctx, envelope, 1, time_out).await {
                Ok(()) => drained.done.push(kind),
                Err(error) => drained.failed.push((kind, error)),
            }
        }
    }
}

async fn take(ctx: &Ctx) -> anyhow::Result<Vec<Waiting>> {
    let tx = ctx.database.platform().begin().await?;
    let ask = Statement::from_string(DbBackend::Postgres, "SELECT tenant_id, id, job FROM waiting_jobs ORDER BY created_at, id");
    let waiting = Waiting::find_by_statement(ask).all(&tx).await?;
    for row in &waiting {
        let delete = "DELETE FROM waiting_jobs WHERE tenant_id = $1 AND id = $2";
        tx.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, delete, [row.tenant_id.into(), row.id.into()])).await?;
    }
    tx.commit().await?;
    Ok(waiting)
}
