//! Private PostgreSQL and Redis instances in a folder of their own: found or installed, started, tended, ended.
mod ports;
mod postgres;
mod programs;
mod redis;

pub(crate) use ports::Ports;

use std::path::{Path, PathBuf};

use crate::console::step;
use crate::fleet::Fleet;
use crate::workspace;

/// What the instances are for; decides their folder and how they treat the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Keeps its data from one start to the next.
    Dev,
    /// Thrown away at will, so nothing is forced to disk.
    Verify,
}

impl Purpose {
    pub(crate) fn folder(self) -> PathBuf {
        let base = workspace::root().join(".dev");
        match self {
            Self::Dev => base,
            Self::Verify => base.join("verify"),
        }
    }
}

/// Running services; they end with the `Fleet`.
pub(crate) struct Services {
    pub fleet: Fleet,
    pub ports: Ports,
    pub folder: PathBuf,
}

impl Services {
    /// Starts PostgreSQL and Redis, installing what is missing where that is possible.
    pub(crate) async fn start(purpose: Purpose) -> anyhow::Result<Self> {
        let folder = purpose.folder();
        let mut fleet = Fleet::take(&folder)?;
        std::fs::create_dir_all(folder.join("log"))?;
        let programs = programs::find_or_install().await?;
        let mut ports = Ports::load(&folder);
        let (database, store) = (ports.free("postgres", 55_400)?, ports.free("redis", 56_300)?);
        let cluster = postgres::Cluster { folder: &folder, port: database, keeps: purpose == Purpose::Dev };
        step("PostgreSQL", cluster.start(&mut fleet, &programs)).await?;
        step("Redis", redis::start(&mut fleet, &programs, &folder, store, purpose == Purpose::Dev)).await?;
        Ok(Self { fleet, ports, folder })
    }

    /// The superuser of the private instance, on its maintenance database.
    pub(crate) fn admin_url(&self) -> String {
        format!("postgres://postgres:postgres@127.0.0.1:{}/postgres", self.ports.of("postgres"))
    }

    /// A role of the product on the product's database; in a private instance a role's password is its name.
    pub(crate) fn database_url(&self, role: &str) -> String {
        format!("postgres://{role}:{role}@127.0.0.1:{}/stoa", self.ports.of("postgres"))
    }

    pub(crate) fn redis_url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.ports.of("redis"))
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
