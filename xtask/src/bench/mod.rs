//! `cargo xtask bench`: what an operation costs, measured from outside on a release build with services of its own.
//!
//! It is no test and has no thresholds: it reports, and compares with a saved run. The load is closed: a few connections,
//! each asking again as soon as it is answered, so the figures say what the server can do and not how long a queue grows.

mod buyers;
mod doors;
mod journey;
mod latency;
mod load;
mod meter;
mod report;
mod shop;
mod variants;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;

use crate::console::{heading, say, step};
use crate::dev::{self, mail, programs, programs::Profile};
use crate::services::{Purpose, Services};
use crate::workspace;
use report::{Operation, Report};

/// So that no limit is what is measured: neither a plan's, nor that of the one address from which all of this comes.
const LIMITS: &[(&str, &str)] = &[("STOA_LIMITS_FACTOR", "20"), ("STOA_TRUSTED_PROXIES", "127.0.0.0/8")];

#[derive(Args)]
pub(crate) struct Options {
    /// How long each operation is asked
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Connections that ask at the same time
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Other tenants with the same catalogue beside the one that is asked
    #[arg(long, default_value_t = 100)]
    tenants: u32,
    /// A report of an earlier run to compare with
    #[arg(long)]
    compare: Option<PathBuf>,
    /// Where the report goes; by default a file in .dev/bench/
    #[arg(long)]
    out: Option<PathBuf>,
    /// Measure the debug build: says nothing about speed, but tries the bench itself quickly
    #[arg(long)]
    debug: bool,
    /// Measure the programs as they were last built
    #[arg(long)]
    no_build: bool,
    /// Say for each operation which statements cost Postgres most, and how many of them
    #[arg(long, num_args = 0..=1, default_missing_value = "14")]
    statements: Option<u32>,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let before = options.compare.as_deref().map(report::read).transpose()?;
    let profile = if options.debug { Profile::Debug } else { Profile::Release };
    let mut services = Services::start(Purpose::Bench).await?;
    for (name, preferred) in [("api", 18_080), ("api-internal", 19_080), ("worker-internal", 19_180), ("smtp", 11_025), ("floor", 18_090)] {
        services.ports.free(name, preferred)?;
    }
    if !options.no_build {
        programs::build(profile).await?;
    }
    dev::prepare(&services, profile).await?;
    services.sql("stoa", "CREATE EXTENSION IF NOT EXISTS pg_stat_statements")?;
    mail::listen(services.ports.of("smtp"), services.folder.join("mail"), false).await?;

    let started = Instant::now();
    programs::start(&mut services, profile, LIMITS).await?;
    let mut report = Report::new(&options, profile);
    report.figure("start-up, api and worker", started.elapsed().as_secs_f64(), "s");

    let shop = step("the shop that is asked", shop::open(&services)).await?;
    step(&format!("{} tenants beside it", options.tenants), shop::neighbours(&services, &shop, options.tenants)).await?;
    step("quiet", latency::quiet(&services)).await?;
    meter::restart(&mut services, profile).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    for name in ["api", "worker"] {
        report.figure(&format!("{name}, resident when idle"), meter::resident(&services, name, "VmRSS"), "MiB");
    }

    for operation in journey::all(&shop) {
        services.sql("stoa", "SELECT pg_stat_statements_reset()")?;
        let measured = step(&operation.name, load::run(&services, &operation, &options)).await?;
        report.operations.push(measured);
        if let Some(count) = options.statements {
            say(&meter::dearest(&services, count)?);
        }
    }
    report.operations.extend(floor(&mut services, profile, &options).await?);
    for name in ["api", "worker"] {
        report.figure(&format!("{name}, resident at peak"), meter::resident(&services, name, "VmHWM"), "MiB");
    }
    step("fifty buyers of ten", buyers::measure(&services, &shop, &mut report)).await?;
    step("latencies", latency::measure(&services, &shop, &mut report)).await?;
    step("known and unknown addresses", doors::answer_times(&services, &shop, &mut report)).await?;
    step("a storm of sign-ins", doors::storm(&services, &shop, &mut report)).await?;
    step("products of many variants", variants::measure(&services, &mut report)).await?;
    step("an import of 10,000 products", latency::import(&services, &mut report)).await?;

    let out = options.out.clone().unwrap_or_else(|| services.folder.join("report.json"));
    report.write(&out)?;
    heading(&report.table(before.as_ref()));
    say(&format!("saved as {}", out.display()));
    Ok(ExitCode::SUCCESS)
}

/// The least a request with one statement can cost here: a salvo handler and one prepared SELECT.
async fn floor(services: &mut Services, profile: Profile, options: &Options) -> anyhow::Result<Option<Operation>> {
    let operation = journey::floor();
    if !workspace::program(profile.folder(), "examples/floor").exists() {
        say("the floor was not built, so it is not measured");
        return Ok(None);
    }
    programs::start_floor(services, profile).await?;
    let measured = step(&operation.name, load::run(services, &operation, options)).await?;
    services.fleet.end("floor");
    Ok(Some(measured))
}
