//! Facts become jobs, and tenants take turns.
//!
//! Two steps, each a transaction of role `stoa_platform`, each safe to run in every worker at once:
//! 1. *react*: facts that nobody has relayed yet become rows of `waiting_jobs`, as `reactions.rs` says;
//! 2. *dispatch*: waiting jobs move into the lanes of apalis, which are kept shallow, so that a store which has a hundred
//!    thousand of them delays only itself.
//!
//! Postgres wakes the relay when a fact is saved, a finished job does when it leaves room; every two seconds it looks by
//! itself, should a notification be lost.

mod dispatch;
mod react;
mod turns;

use std::{sync::Arc, time::Duration};

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use serde_json::{Value, json};
use sqlx::{PgPool, postgres::PgListener};
use tenancy::{Database, PlatformTx, TenantId};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

use crate::{call::Call, envelope::Envelope, jobs::Job};

const LOOK_ANYWAY: Duration = Duration::from_secs(2);
/// Jobs finish in bursts; their room is filled together.
const GATHER: Duration = Duration::from_millis(15);

pub struct Relay {
    database: Database,
    room: Arc<Notify>,
    reactor: react::Reactor,
    dispatcher: dispatch::Dispatcher,
}

impl Relay {
    /// `room` is notified by whoever finishes a job.
    pub fn new(database: Database, room: Arc<Notify>) -> Self {
        Self { database, room, reactor: react::Reactor::default(), dispatcher: dispatch::Dispatcher::default() }
    }

    /// Relays until told to stop. A database that is away is waited for.
    pub async fn run(mut self, pool: PgPool, stop: CancellationToken) {
        let mut listener = None;
        while !stop.is_cancelled() {
            if listener.is_none() {
                listener = listen(&pool).await;
            }
            if let Err(error) = self.step().await {
                warn!(%error, "The relay could not do its round and will try again");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = notified(&mut listener) => {}
                () = self.room.notified() => tokio::time::sleep(GATHER).await,
                () = tokio::time::sleep(LOOK_ANYWAY) => {}
            }
        }
    }

    /// Relays until nothing is left that could move now.
    ///
    /// # Errors
    /// Postgres is away.
    pub async fn step(&mut self) -> Result<(), DbErr> {
        loop {
            let relayed = self.react().await?;
            let moved = self.dispatcher.round(&self.database.platform()).await?;
            if relayed + moved == 0 {
                return Ok(());
            }
        }
    }

    /// Only the first step, once. Answers how many facts were relayed.
    ///
    /// # Errors
    /// Postgres is away.
    pub async fn react(&mut self) -> Result<usize, DbErr> {
        self.reactor.round(&self.database.platform()).await
    }
}

async fn listen(pool: &PgPool) -> Option<PgListener> {
    let mut listener = PgListener::connect_with(pool).await.ok()?;
    listener.listen("stoa_facts").await.ok()?;
    Some(listener)
}

/// Waits for a fact; without a listener, for ever (the look every two seconds goes on).
async fn notified(listener: &mut Option<PgListener>) {
    match listener {
        None => std::future::pending().await,
        Some(open) => {
            if open.recv().await.is_err() {
                *listener = None;
            }
        }
    }
}

/// Has jobs wait for their turn, in the caller's transaction. One that waits already is left alone.
///
/// # Errors
/// Postgres is away, or a job names no tenant.
pub(crate) async fn wait(tx: &impl ConnectionTrait, envelopes: impl IntoIterator<Item = Envelope>) -> Result<(), DbErr> {
    let rows = envelopes.into_iter().map(|envelope| row(&envelope)).collect::<Result<Vec<_>, _>>()?;
    if rows.is_empty() {
        return Ok(());
    }
    let insert = "INSERT INTO waiting_jobs (tenant_id, id, lane, kind, key, job, created_at)
                  SELECT tenant_id, id, lane, kind, key, job, now()
                  FROM jsonb_to_recordset($1) AS waiting (tenant_id uuid, id uuid, lane text, kind text, key text, job jsonb)
                  ON CONFLICT DO NOTHING";
    tx.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, insert, [Value::from(rows).into()])).await?;
    Ok(())
}

/// Has one job wait in each of these stores, on the word of a job of the platform's own.
///
/// # Errors
/// Postgres is away.
pub(crate) async fn wait_in_each(tx: &PlatformTx, call: &Call, stores: impl IntoIterator<Item = TenantId>, job: &Job) -> Result<(), DbErr> {
    let in_store = |tenant| Envelope {
        tenant: Some(tenant),
        key: call.key().to_owned(),
        caused_at: call.caused_at(),
        trace_parent: None,
        job: job.clone(),
    };
    wait(tx, stores.into_iter().map(in_store)).await
}

fn row(envelope: &Envelope) -> Result<Value, DbErr> {
    let tenant = envelope.tenant.ok_or_else(|| DbErr::Custom("the platform's own jobs do not wait for a turn".into()))?;
    let job = serde_json::to_value(envelope).map_err(|error| DbErr::Json(error.to_string()))?;
    let (lane, kind) = (envelope.job.lane().as_str(), envelope.job.kind());
    Ok(json!({ "tenant_id": tenant.uuid(), "id": Uuid::now_v7(), "lane": lane, "kind": kind, "key": envelope.key, "job": job }))
}
