//! `stoa-worker`: turns facts into jobs and runs them.

use tokio::signal::unix::{SignalKind, signal};
use worker::Config;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::from_env()?;
    let telemetry = tenancy::telemetry::init("stoa-worker", &config.telemetry)?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let worked = worker::run(config, telemetry.metrics(), stop).await;
    telemetry.flush();
    worked
}
