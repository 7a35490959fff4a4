//! The figures of a run: as JSON to keep, as a table to read, beside an earlier run where there is one.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::Options;
use crate::dev::programs::Profile;
use crate::workspace;

#[derive(Serialize, Deserialize)]
pub(super) struct Report {
    commit: String,
    machine: String,
    build: String,
    seconds: u64,
    connections: usize,
    neighbours: u32,
    pub operations: Vec<Operation>,
    figures: Vec<Figure>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Operation {
    pub name: String,
    pub per_second: f64,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    pub api_cpu_ms: f64,
    pub worker_cpu_ms: f64,
    /// All of Postgres, with what it does for the worker and for itself.
    pub postgres_cpu_ms: f64,
    pub postgres_for_api_cpu_ms: f64,
    pub statements: f64,
    pub response_bytes: f64,
    /// Answers that were no success, by status.
    pub failures: BTreeMap<String, u64>,
}

#[derive(Serialize, Deserialize)]
struct Figure {
    name: String,
    value: f64,
    unit: String,
}

impl Report {
    pub(super) fn new(options: &Options, profile: Profile) -> Self {
        Self {
            commit: commit(),
            machine: machine(),
            build: profile.folder().to_owned(),
            seconds: options.seconds,
            connections: options.connections,
            neighbours: options.tenants,
            operations: Vec::new(),
            figures: Vec::new(),
        }
    }

    pub(super) fn figure(&mut self, name: &str, value: f64, unit: &str) {
        self.figures.push(Figure { name: name.to_owned(), value, unit: unit.to_owned() });
    }

    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        std::fs::write(path, serde_json::to_vec_pretty(self)?).with_context(|| format!("cannot write {}", path.display()))
    }

    pub(super) fn table(&self, before: Option<&Self>) -> String {
        let mut text = format!(
            "\n{} build of {} on {}; {} connections, {} s each, {} tenants beside the one asked\n\n",
            self.build, self.commit, self.machine, self.connections, self.seconds, self.neighbours
        );
        writeln!(
            text,
            "{:44} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>6} {:>8}",
            "", "req/s", "p50 ms", "p95 ms", "p99 ms", "api", "pg (api)", "worker", "pg (all)", "sql", "bytes"
        )
        .ok();
        writeln!(text, "{:80} milliseconds of processor time an operation", "").ok();
        for operation in &self.operations {
            text.push_str(&operation.line());
            let earlier = before.and_then(|before| before.operations.iter().find(|other| other.name == operation.name));
            if let Some(earlier) = earlier {
                text.push_str(&operation.line_against(earlier));
            }
            for (status, times) in &operation.failures {
                writeln!(text, "    {times} × {status}").ok();
            }
        }
        text.push('\n');
        for figure in &self.figures {
            let earlier = before.and_then(|before| before.figures.iter().find(|other| other.name == figure.name));
            let beside = earlier.map(|earlier| format!("   ({:.2} before)", earlier.value)).unwrap_or_default();
            writeln!(text, "{:44} {:>10.2} {}{beside}", figure.name, figure.value, figure.unit).ok();
        }
        text
    }
}

impl Operation {
    fn line(&self) -> String {
        format!(
            "{:44} {:>8.0} {:>8.2} {:>8.2} {:>8.2} {:>8.3} {:>8.3} {:>8.3} {:>8.3} {:>6.1} {:>8.0}\n",
            self.name,
            self.per_second,
            self.p50_ms,
            self.p95_ms,
            self.p99_ms,
            self.api_cpu_ms,
            self.postgres_for_api_cpu_ms,
            self.worker_cpu_ms,
            self.postgres_cpu_ms,
            self.statements,
            self.response_bytes
        )
    }

    /// How much more or less than before, in per cent.
    fn line_against(&self, earlier: &Self) -> String {
        let change = |now: f64, before: f64| if before > 0.0 { format!("{:+.0}%", (now / before - 1.0) * 100.0) } else { String::new() };
        format!(
            "{:44} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>6} {:>8}\n",
            "    against before",
            change(self.per_second, earlier.per_second),
            change(self.p50_ms, earlier.p50_ms),
            change(self.p95_ms, earlier.p95_ms),
            change(self.p99_ms, earlier.p99_ms),
            change(self.api_cpu_ms, earlier.api_cpu_ms),
            change(self.postgres_for_api_cpu_ms, earlier.postgres_for_api_cpu_ms),
            change(self.worker_cpu_ms, earlier.worker_cpu_ms),
            change(self.postgres_cpu_ms, earlier.postgres_cpu_ms),
            change(self.statements, earlier.statements),
            change(self.response_bytes, earlier.response_bytes)
        )
    }
}

/// # Errors
/// There is no such file, or it is no report of this version.
pub(super) fn read(path: &Path) -> anyhow::Result<Report> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is no report of this version", path.display()))
}

fn commit() -> String {
    let output = Command::new("git").args(["describe", "--always", "--dirty"]).current_dir(workspace::root()).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{cores} × {}", model.trim_start_matches(['\t', ' ', ':']))
}
