//! What must follow, and what the clock asks for.
//!
//! - [`reactions`] is one table: this fact asks for these jobs. [`schedule`] is another: this tick starts that job.
//! - [`relay`] turns facts into jobs, tenants taking turns; [`queue`] runs them on apalis, a lane for each kind of work.
//! - [`jobs`] holds one file a job. A job runs at least once and has its effect once.
//!
//! Promises: a fact that was saved is reacted to, whatever dies in between; one store's flood delays itself; a job that kills
//! its worker ends as a dead letter and not in a loop.

mod call;
mod carts;
mod config;
mod ctx;
mod drain;
mod envelope;
mod internal;
pub mod jobs;
mod lane;
mod links;
pub mod mail;
mod perform;
pub mod queue;
pub mod reactions;
pub mod relay;
pub mod schedule;

pub use call::{Call, JobError};
pub use config::{Config, MailConfig};
pub use ctx::Ctx;
pub use drain::{Drained, drain};
pub use envelope::Envelope;
pub use lane::{Lane, Rules};
pub use links::Links;

use std::{future::Future, sync::Arc, time::Duration};

use anyhow::Context;
use commerce::{
    clock::Clock,
    media::{Objects, Renderer},
    payments::Gateways,
};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use tenancy::{Database, Directory, telemetry::MetricsHandle};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::info;

/// Works until `signal` comes, then finishes what runs.
///
/// # Errors
/// Postgres cannot be reached at the start, the internal address is taken, or the configuration cannot be used.
pub async fn run(config: Config, metrics: MetricsHandle, signal: impl Future<Output = ()> + Send) -> anyhow::Result<()> {
    let database = Database::connect(&config.database).await?;
    let clock = Clock::system();
    let ctx = Ctx {
        database: database.clone(),
        directory: Directory::new(database.clone()),
        redis: config.redis_url.as_deref().map(redis_at).transpose().context("STOA_REDIS_URL")?,
        search: search::connect(&config.search, database.clone(), clock.clone())?,
        gateways: Gateways::new(),
        mailer: Arc::new(mail::SmtpMailer::new(&config.mail)?),
        links: Links::new(&config.public_url, &config.secret)?,
        objects: Objects::open(&config.media).context("STOA_MEDIA_DIR or STOA_MEDIA_S3_*")?,
        renderer: Renderer::default(),
        outside: config.outside,
        clock,
    };
    let pool = queue::connect(&config.database.platform_url)?;
    let (room, stop) = (Arc::new(Notify::new()), CancellationToken::new());

    let internal = tokio::spawn(internal::serve(config.internal_listen, database.clone(), metrics, stop.clone()));
    let relay = tokio::spawn(relay::Relay::new(database.clone(), room.clone()).run(pool.clone(), stop.clone()));
    let gauges = tokio::spawn(queue::gauges::run(database.platform(), stop.clone()));
    let carts = tokio::spawn(carts::run(ctx.clone(), stop.clone()));
    let schedule = tokio::spawn(schedule::run(ctx.clone(), stop.clone()));
    info!("The worker runs");
    let stopping = async {
        signal.await;
        info!("The worker stops: nothing new begins, running jobs finish");
        // The relay first, so that nothing is moved into lanes that are closing.
        stop.cancel();
    };
    queue::run(ctx, pool.clone(), room, config.orphan_after, config.drain_within, stopping).await?;
    stop.cancel();
    relay.await?;
    schedule.await?;
    carts.await?;
    gauges.await?;
    internal.await??;
    pool.close().await;
    database.close().await;
    Ok(())
}

/// Connects on first use and again after each loss, so that the process starts without Redis too.
fn redis_at(url: &str) -> redis::RedisResult<ConnectionManager> {
    let patience = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(Duration::from_secs(1)))
        .set_response_timeout(Some(Duration::from_secs(2)))
        .set_number_of_retries(1);
    ConnectionManager::new_lazy_with_config(redis::Client::open(url)?, patience)
}
