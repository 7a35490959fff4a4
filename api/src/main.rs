//! `stoa-api`: serves the API; `stoa-api operator …` looks after the people who run the platform.

use std::sync::Arc;

use api::{Config, State};
use clap::{Parser, Subcommand};

mod operator;

#[derive(Parser)]
#[command(name = "stoa-api", version, about = "The API of Stoa")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Answers HTTP until it is stopped (the default).
    Serve,
    /// The people who run the platform.
    #[command(subcommand)]
    Operator(operator::Command),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    if let Some(Command::Operator(command)) = Arguments::parse().command {
        return operator::run(command).await;
    }
    let config = Config::from_env()?;
    let telemetry = tenancy::telemetry::init("stoa-api", &config.telemetry)?;
    let state = State::connect(config).await?;
    let metrics = telemetry.metrics();
    let ended = api::serve(state, Arc::new(move || metrics.render())).await;
    telemetry.flush();
    ended
}
