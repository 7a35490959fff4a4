//! A private PostgreSQL cluster: TCP on loopback only (no socket, so no limit on the folder's depth).
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::programs::{PostgresFolder, Programs, is_root};
use super::{log_file, tail};
use crate::fleet::{self, Fleet, Output, Signal, User};

pub(super) struct Cluster<'a> {
    pub folder: &'a Path,
    pub port: u16,
    /// Data worth keeping: forced to disk, never thrown away.
    pub keeps: bool,
}

impl Cluster<'_> {
    /// Starts it, made first where there is none yet; answers where its programs lie.
    pub(super) async fn start(&self, fleet: &mut Fleet, programs: &Programs) -> anyhow::Result<PathBuf> {
        let log = log_file(self.folder, "postgres");
        let data = self.data(programs.postgres_user)?;
        let binaries = self.binaries(&data, programs)?;
        if !data.join("PG_VERSION").exists() {
            self.make(binaries, programs.postgres_user, &data, &log).await?;
        }
        let mut command = Command::new(binaries.path.join("postgres"));
        command.current_dir(&data).arg("-D").arg(&data).args(["-p", &self.port.to_string()]);
        for setting in self.settings() {
            command.args(["-c", setting]);
        }
        // SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
        fleet.start("postgres", command, programs.postgres_user, Output::File(log.clone()), Signal::Interrupt)?;
        let pid = fleet.pid("postgres").context("just started")?;
        wait_until_ready(fleet, &data, pid, &log).await?;
        Ok(binaries.path.clone())
    }

    fn settings(&self) -> &'static [&'static str] {
        if self.keeps {
            &[
                "listen_addresses=127.0.0.1",
                "unix_socket_directories=",
                "max_connections=200",
                "shared_preload_libraries=pg_stat_statements",
            ]
        } else {
            &[
                "listen_addresses=127.0.0.1",
                "unix_socket_directories=",
                "max_connections=400",
                "fsync=off",
                "synchronous_commit=off",
                "full_page_writes=off",
                "wal_level=minimal",
                "max_wal_senders=0",
                "autovacuum_naptime=10min",
                "max_locks_per_transaction=256",
            ]
        }
    }

    /// The data folder. As root it must be reachable for the unprivileged user; a checkout under /root is not.
    fn data(&self, user: Option<User>) -> anyhow::Result<PathBuf> {
        let near = self.folder.join("postgres");
        let Some(user) = user else { return Ok(near) };
        let data = if is_reachable(self.folder) { near } else { far(self.folder) };
        std::fs::create_dir_all(&data)?;
        std::os::unix::fs::chown(&data, Some(user.uid), Some(user.gid)).with_context(|| format!("cannot give {} away", data.display()))?;
        Ok(data)
    }

    /// The installed version that made the data, or the newest for new data.
    fn binaries<'p>(&self, data: &Path, programs: &'p Programs) -> anyhow::Result<&'p PostgresFolder> {
        let newest = programs.postgres.first().context("no PostgreSQL")?;
        let Ok(made_by) = std::fs::read_to_string(data.join("PG_VERSION")) else { return Ok(newest) };
        if let Some(same) = programs.postgres.iter().find(|folder| folder.major.to_string() == made_by.trim()) {
            return Ok(same);
        }
        if self.keeps {
            bail!(
                "{} was made by PostgreSQL {}, which is no longer installed: install it again, or delete that folder to start anew with {}",
                data.display(),
                made_by.trim(),
                newest.major
            );
        }
        std::fs::remove_dir_all(data)?;
        std::fs::create_dir_all(data)?;
        if let Some(User { uid, gid }) = programs.postgres_user {
            std::os::unix::fs::chown(data, Some(uid), Some(gid))?;
        }
        Ok(newest)
    }

    async fn make(&self, binaries: &PostgresFolder, user: Option<User>, data: &Path, log: &Path) -> anyhow::Result<()> {
        let locale = if cfg!(target_os = "linux") { "--locale=C.UTF-8" } else { "--no-locale" };
        let mut command = Command::new(binaries.path.join("initdb"));
        // Trust: reachable from this machine only, and it holds nothing but invented shops.
        command.current_dir(data).arg("-D").arg(data).args(["-U", "postgres", "-E", "UTF8", "-A", "trust", locale]);
        if !self.keeps {
            command.arg("--no-sync");
        }
        let status = fleet::run(command, user, Output::File(log.to_owned())).await?;
        if !status.success() {
            bail!("initdb failed; the end of {}:\n    {}", log.display(), tail(log, 12));
        }
        Ok(())
    }
}

/// PostgreSQL writes "ready" on the eighth line of its pid file once it takes connections.
async fn wait_until_ready(fleet: &mut Fleet, data: &Path, pid: u32, log: &Path) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        let file = std::fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
        let lines: Vec<&str> = file.lines().collect();
        if lines.first().is_some_and(|line| line.trim() == pid.to_string()) && lines.get(7).is_some_and(|line| line.trim() == "ready") {
            return Ok(());
        }
        if let Some((_, status)) = fleet.fallen() {
            bail!("PostgreSQL did not start ({status}); the end of {}:\n    {}", log.display(), tail(log, 12));
        }
        if begun.elapsed() > Duration::from_mins(1) {
            bail!("PostgreSQL was not ready within 60 s; the end of {}:\n    {}", log.display(), tail(log, 12));
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// Whether another user may enter this folder: every parent lets others through.
fn is_reachable(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    debug_assert!(is_root());
    folder.ancestors().all(|part| std::fs::metadata(part).is_ok_and(|about| about.permissions().mode() & 0o001 != 0))
}

/// A folder outside an unreachable checkout, always the same one for it.
pub(super) fn far(folder: &Path) -> PathBuf {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    folder.hash(&mut hasher);
    PathBuf::from(format!("/var/tmp/stoa-{:016x}", hasher.finish()))
}
