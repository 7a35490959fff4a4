//! What the processes have used, read from /proc and from pg_stat_statements.

use std::time::Duration;

use anyhow::Context;

use crate::dev::programs::{self, Profile};
use crate::services::Services;

pub(super) struct Spent {
    pub program_ms: f64,
    pub postgres_ms: f64,
    pub statements: f64,
}

impl Spent {
    pub(super) fn since(&self, before: &Self) -> Self {
        Self {
            program_ms: self.program_ms - before.program_ms,
            postgres_ms: self.postgres_ms - before.postgres_ms,
            statements: self.statements - before.statements,
        }
    }
}

/// Processor time of a program (of api and worker together) and of Postgres, and statements, since their start.
pub(super) fn spent(services: &Services, program: &str) -> anyhow::Result<Spent> {
    let programs: &[&str] = if program == "api" { &["api", "worker"] } else { &["floor"] };
    let own = programs.iter().filter_map(|name| services.fleet.pid(name)).map(cpu_ms).sum();
    let postmaster = services.fleet.pid("postgres").context("no Postgres")?;
    let statements = services.sql("stoa", "SELECT sum(calls) FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%'")?;
    Ok(Spent {
        program_ms: own,
        postgres_ms: cpu_ms(postmaster) + children_cpu_ms(postmaster),
        statements: statements.trim().parse().unwrap_or(0.0),
    })
}

/// The statements that cost Postgres most since its counters were set back: milliseconds in all, calls, milliseconds each.
pub(super) fn dearest(services: &Services) -> anyhow::Result<String> {
    let ask = "SELECT lpad(round(total_exec_time)::text, 9) || ' ms ' || lpad(calls::text, 8) || ' calls ' || lpad(round(mean_exec_time::numeric, 3)::text, 9)
                      || ' ms each  ' || left(regexp_replace(query, '\\s+', ' ', 'g'), 150)
               FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 14";
    services.sql("stoa", ask)
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
    programs::start(services, profile).await
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
