//! One apalis worker a lane.

use std::{future::Future, io, sync::Arc, time::Duration};

use apalis::prelude::{AbortError, Attempt, BoxDynError, Data, Monitor, WorkerBuilder};
use apalis_postgres::{Config, PostgresStorage};
use serde::Deserialize;
use serde_json::Value;
use sqlx::PgPool;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::{liveness::Names, slots::Slots};
use crate::{call::JobError, ctx::Ctx, envelope::Envelope, lane::Lane, perform::perform};

/// Also how late a retried job may start, for nothing announces it.
const HEARTBEAT: Duration = Duration::from_secs(2);

#[derive(Clone)]
struct Floor {
    ctx: Ctx,
    room: Arc<Notify>,
    /// No attempt may outlast this: a process that lost the database must have given up its jobs before another one takes
    /// them over.
    attempts_within: Duration,
}

/// Runs the lanes until `signal` comes and their jobs have finished, or `drain_for` has passed. `room` is notified of every
/// job that has ended.
///
/// # Errors
/// A lane ended and could not be started again.
pub async fn run(
    ctx: Ctx,
    pool: PgPool,
    room: Arc<Notify>,
    orphan_after: Duration,
    drain_for: Duration,
    signal: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let (names, stop) = (Names::default(), CancellationToken::new());
    let floor = Floor { ctx, room, attempts_within: orphan_after * 3 / 5 };
    let mut monitor = Monitor::new().shutdown_timeout(drain_for).should_restart(|_, reason| {
        error!(%reason, "A lane lost its database and starts again");
        true
    });
    for lane in Lane::ALL {
        let (pool, names, floor) = (pool.clone(), names.clone(), floor.clone());
        let config = config(lane, orphan_after);
        monitor = monitor.register(move |_| {
            let storage = PostgresStorage::<Value>::new(&pool).with_config(config.clone()).with_pubsub();
            let slots = Slots::new(lane.rules().slots);
            WorkerBuilder::new(names.renew(lane)).backend(storage).layer(slots).data(floor.clone()).build(handle)
        });
    }
    let beating = tokio::spawn(names.clone().beat(pool.clone(), stop.clone()));
    let ended = monitor
        .run_with_signal(async {
            signal.await;
            io::Result::Ok(())
        })
        .await;
    stop.cancel();
    beating.await?;
    names.leave(&pool).await;
    ended.map_err(Into::into)
}

fn config(lane: Lane, orphan_after: Duration) -> Config {
    let missed = usize::try_from(orphan_after.as_secs() / HEARTBEAT.as_secs()).unwrap_or(10).max(1);
    // No larger than the slots: what was fetched and cannot run yet would be out of other processes' reach.
    Config::default()
        .queue(lane.as_str())
        .batch_size(usize::from(lane.rules().slots))
        .heartbeat_interval(HEARTBEAT)
        .missed_heartbeats(missed)
}

/// The payload is read here and not by apalis, so that one which cannot be read is a failed attempt like any other: a newer
/// release may know it.
async fn handle(payload: Value, floor: Data<Floor>, attempt: Attempt) -> Result<(), BoxDynError> {
    let envelope = Envelope::deserialize(payload)?;
    let time_out = envelope.job.lane().rules().time_out.min(floor.attempts_within);
    let result = perform(&floor.ctx, envelope, attempt.current(), time_out).await;
    floor.room.notify_one();
    match result {
        Ok(()) => Ok(()),
        Err(error @ JobError::Retry(_)) => Err(error.into()),
        // apalis marks it as killed without another attempt.
        Err(error @ JobError::Fail(_)) => Err(AbortError::new(error).into()),
    }
}
