//! Real workers, to be killed.

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use tests::{World, database::texts};
use tokio::process::{Child, Command};

/// A worker process of this test's world. Killed without warning when dropped.
pub(super) struct Process(Child);

impl Process {
    pub(super) fn start(world: &World, smtp: SocketAddr) -> Self {
        let program = program();
        let child = Command::new(&program)
            .env_clear()
            .env("STOA_DATABASE_URL", world.database_url("stoa_app"))
            .env("STOA_PLATFORM_DATABASE_URL", world.database_url("stoa_platform"))
            .env("STOA_DATABASE_CONNECTIONS", "4")
            .env("STOA_INTERNAL_LISTEN", "127.0.0.1:0")
            .env("STOA_SMTP_URL", format!("smtp://{smtp}"))
            .env("STOA_MAIL_FROM", "shops@stoa.test")
            .env("STOA_PUBLIC_URL", "http://stoa.test")
            .env("STOA_SECRET_KEY", "dGVzdHMgc2VhbCBhbmQgc2lnbiB3aXRoIHRoaXMgdGV4dCBvbmx5")
            .env("STOA_WORKER_ORPHAN_SECONDS", "4")
            .env("STOA_LOG", "warn")
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        Self(child.unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display())))
    }

    /// SIGKILL: the process gets no chance to tidy up.
    pub(super) async fn kill(mut self) {
        self.0.kill().await.expect("the worker was running");
    }
}

/// Built beside this test by `cargo verify`, which builds all targets first.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let program = test.parent().and_then(|deps| deps.parent()).expect("target/<profile>/deps").join("stoa-worker");
    assert!(program.exists(), "{} is missing: run `cargo verify`, or `cargo build --workspace --all-targets` first", program.display());
    program
}

/// Waits until a query answers one row that says `what`.
pub(super) async fn until(world: &World, what: &str, sql: &str) {
    let mut superuser = world.superuser().await;
    let started = Instant::now();
    loop {
        let rows = texts(&mut superuser, sql).await;
        if rows == [what] {
            return;
        }
        assert!(started.elapsed() < Duration::from_mins(1), "waited a minute for {what:?}, still {rows:?}: {sql}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
