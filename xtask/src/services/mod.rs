//! Private PostgreSQL and Redis instances in a folder of their own: found or installed, started, tended, ended.
mod ports;
mod postgres;
mod programs;
mod redis;

pub(crate) use ports::Ports;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::console::step;
use crate::fleet::{self, Fleet, Output};
use crate::workspace;

/// What the instances are for; decides their folder and how they treat the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Keeps its data from one start to the next.
    Dev,
    /// Thrown away at will, so nothing is forced to disk.
    Verify,
    /// As a server would run, and thrown away at each start.
    Bench,
}

impl Purpose {
    pub(crate) fn folder(self) -> PathBuf {
        let base = workspace::root().join(".dev");
        match self {
            Self::Dev => base,
            Self::Verify => base.join("verify"),
            Self::Bench => base.join("bench"),
        }
    }
}

/// Running services; they end with the `Fleet`.
pub(crate) struct Services {
    pub fleet: Fleet,
    pub ports: Ports,
    pub folder: PathBuf,
    /// PostgreSQL's programs.
    binaries: PathBuf,
}

impl Services {
    /// Starts PostgreSQL and Redis, installing what is missing where that is possible.
    pub(crate) async fn start(purpose: Purpose) -> anyhow::Result<Self> {
        let folder = purpose.folder();
        let mut fleet = Fleet::take(&folder)?;
        if purpose == Purpose::Bench {
            for name in ["postgres", "redis", "mail", "log"] {
                std::fs::remove_dir_all(folder.join(name)).ok();
            }
            std::fs::remove_dir_all(postgres::far(&folder)).ok();
        }
        std::fs::create_dir_all(folder.join("log"))?;
        let programs = programs::find_or_install().await?;
        let mut ports = Ports::load(&folder);
        let (database, store) = (ports.free("postgres", 55_400)?, ports.free("redis", 56_300)?);
        let cluster = postgres::Cluster { folder: &folder, port: database, keeps: purpose != Purpose::Verify };
        let binaries = step("PostgreSQL", cluster.start(&mut fleet, &programs)).await?;
        step("Redis", redis::start(&mut fleet, &programs, &folder, store, purpose != Purpose::Verify)).await?;
        Ok(Self { fleet, ports, folder, binaries })
    }

    /// What a superuser is told by one or more statements, unaligned and without headings.
    pub(crate) fn sql(&self, database: &str, text: &str) -> anyhow::Result<String> {
        let output = self.psql(database).args(["-c", text]).output().context("psql cannot be started")?;
        if !output.status.success() {
            bail!("{}\n  in: {text}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs a script of statements as a superuser in one session.
    pub(crate) async fn sql_file(&self, database: &str, script: &str) -> anyhow::Result<()> {
        let file = self.folder.join("script.sql");
        std::fs::write(&file, script)?;
        let mut command = self.psql(database);
        command.arg("-q").arg("-f").arg(&file);
        let log = self.log("psql");
        if fleet::run(command, None, Output::File(log.clone())).await?.success() {
            return Ok(());
        }
        bail!("a script failed; the end of {}:\n    {}", log.display(), tail(&log, 6))
    }

    fn psql(&self, database: &str) -> Command {
        let beside = self.binaries.join("psql");
        let mut command = Command::new(if beside.exists() { beside } else { "psql".into() });
        let port = self.ports.of("postgres").to_string();
        command.args(["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "postgres", "-p", &port, "-d", database]);
        command
    }

    pub(crate) fn log(&self, name: &str) -> PathBuf {
        log_file(&self.folder, name)
    }
}

fn log_file(folder: &Path, name: &str) -> PathBuf {
    folder.join("log").join(format!("{name}.log"))
}

/// The last lines of a log, for an error that names its cause.
pub(crate) fn tail(log: &Path, lines: usize) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n    ")
}
