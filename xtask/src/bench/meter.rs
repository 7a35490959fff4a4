//! What the processes have used, read from /proc and from pg_stat_statements.

use std::time::Duration;

use anyhow::Context;

use super::LIMITS;
use crate::dev::programs::{self, Profile};
use crate::services::Services;

#[derive(Clone, Copy, Default)]
pub(super) struct Spent {
    /// What answers: the api, or the floor.
    pub api_ms: f64,
    pub worker_ms: f64,
    /// All of Postgres: its connections and its own housekeeping.
    pub postgres_ms: f64,
    /// The part of it that serves the connections of what answers.
    pub postgres_for_api_ms: f64,
    pub statements: f64,
}

impl Spent {
    pub(super) fn since(&self, before: &Self) -> Self {
        Self {
            api_ms: self.api_ms - before.api_ms,
            worker_ms: self.worker_ms - before.worker_ms,
            postgres_ms: self.postgres_ms - before.postgres_ms,
            postgres_for_api_ms: self.postgres_for_api_ms - before.postgres_for_api_ms,
            statements: self.statements - before.statements,
        }
    }
}

/// Processor time of a program, of the worker and of Postgres, and statements, since their start.
pub(super) fn spent(services: &Services, program: &str) -> anyhow::Result<Spent> {
    let of = |name: &str| services.fleet.pid(name).map_or(0.0, cpu_ms);
    let postmaster = services.fleet.pid("postgres").context("no Postgres")?;
    let statements = services.sql("stoa", "SELECT sum(calls) FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%'")?;
    Ok(Spent {
        api_ms: of(program),
        worker_ms: of("worker"),
        postgres_for_api_ms: connections(services, program)?.into_iter().map(cpu_ms).sum(),
        postgres_ms: cpu_ms(postmaster) + children_cpu_ms(postmaster),
        statements: statements.trim().parse().unwrap_or(0.0),
    })
}

/// The processes of Postgres that serve a program.
fn connections(services: &Services, program: &str) -> anyhow::Result<Vec<u32>> {
    let ask = format!("SELECT pid FROM pg_stat_activity WHERE application_name = 'stoa-{program}'");
    Ok(services.sql("stoa", &ask)?.lines().filter_map(|line| line.trim().parse().ok()).collect())
}

/// The statements that cost Postgres most since its counters were set back: milliseconds in all, calls, milliseconds each.
pub(super) fn dearest(services: &Services, count: u32) -> anyhow::Result<String> {
    let ask = format!(
        "SELECT lpad(round(total_exec_time)::text, 9) || ' ms ' || lpad(calls::text, 8) || ' calls ' || lpad(round(mean_exec_time::numeric, 3)::text, 9)
                      || ' ms each  ' || left(regexp_replace(query, '\\s+', ' ', 'g'), 150)
               FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT {count}"
    );
    services.sql("stoa", &ask)
}

/// Memory of a program in MiB: `VmRSS` now, `VmHWM` at its peak.
pub(super) fn resident(services: &Services, name: &str, field: &str) -> f64 {
    let status = services.fleet.pid(name).and_then(|pid| std::fs::read_to_string(format!("/proc/{pid}/status")).ok()).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// Starts api and worker anew, so that what seeding left in their memory is not counted as theirs.
pub(super) async fn restart(services: &mut Services, profile: Profile) -> anyhow::Result<()> {
    for name in ["api", "worker"] {
        services.fleet.end(name);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    programs::start(services, profile, LIMITS).await
}

fn cpu_ms(pid: u32) -> f64 {
    // utime, stime, and those of children that have ended.
    fields(pid).map_or(0.0, |fields| fields.iter().skip(11).take(4).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() * tick_ms())
}

fn children_cpu_ms(parent: u32) -> f64 {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_string_lossy().parse::<u32>().ok());
    ids.filter(|pid| fields(*pid).is_some_and(|fields| fields.get(1).is_some_and(|ppid| *ppid == parent.to_string()))).map(cpu_ms).sum()
}

/// The fields of /proc/<pid>/stat after the name.
fn fields(pid: u32) -> Option<Vec<String>> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(stat.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}

/// Linux counts processor time for user space in hundredths of a second.
const fn tick_ms() -> f64 {
    10.0
}
