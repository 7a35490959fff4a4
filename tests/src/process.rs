//! The product's own programs as processes of their own, to be killed.

use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use tokio::{
    process::{Child, Command},
    time::timeout,
};

use crate::{
    World,
    database::texts,
    settings,
    world::{HOST, SECRET, SIGNING_KEY},
};

/// A program on this test's world. Killed without warning when dropped.
pub struct Process(Child);

impl Process {
    /// A worker that sends its mails to an address.
    pub fn worker(world: &World, smtp: SocketAddr) -> Self {
        let mut command = command(world, "stoa-worker");
        command
            .env("STOA_DATABASE_CONNECTIONS", "4")
            .env("STOA_INTERNAL_LISTEN", "127.0.0.1:0")
            .env("STOA_SMTP_URL", format!("smtp://{smtp}"))
            .env("STOA_MAIL_FROM", "shops@stoa.test")
            .env("STOA_WORKER_ORPHAN_SECONDS", "4");
        Self::start(command)
    }

    /// An api, and where it listens once it does.
    pub fn api(world: &World) -> (Self, SocketAddr) {
        Self::api_with_redis(world, &settings::redis_url())
    }

    /// An api that looks for its carts and limits at an address.
    pub fn api_with_redis(world: &World, redis_url: &str) -> (Self, SocketAddr) {
        let listen = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a free port");
        let key = std::env::temp_dir().join("stoa-tests-signing-key.pem");
        std::fs::write(&key, SIGNING_KEY).expect("a place for the signing key");
        let mut command = command(world, "stoa-api");
        command
            .env("STOA_DATABASE_CONNECTIONS", "8")
            .env("STOA_REDIS_URL", redis_url)
            .env("STOA_LISTEN", listen.to_string())
            .env("STOA_INTERNAL_LISTEN", "127.0.0.1:0")
            .env("STOA_SIGNING_KEY_FILE", key);
        (Self::start(command), listen)
    }

    fn start(mut command: Command) -> Self {
        let child = command.spawn();
        Self(child.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}")))
    }

    /// SIGTERM, as an orchestrator sends it; answers how the program ended.
    pub async fn stop(mut self) -> ExitStatus {
        let pid = self.0.id().expect("the program is running").to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().await;
        assert!(sent.is_ok_and(|status| status.success()), "SIGTERM could not be sent");
        let ended = timeout(Duration::from_mins(1), self.0.wait()).await;
        ended.expect("the program ends when it is asked to").expect("an exit status")
    }

    /// SIGKILL: the process gets no chance to tidy up.
    pub async fn kill(mut self) {
        self.0.kill().await.expect("the program was running");
    }
}

fn command(world: &World, name: &str) -> Command {
    let mut command = Command::new(program(name));
    command
        .env_clear()
        .env("STOA_DATABASE_URL", world.database_url("stoa_app"))
        .env("STOA_PLATFORM_DATABASE_URL", world.database_url("stoa_platform"))
        .env("STOA_PUBLIC_URL", format!("http://{HOST}"))
        .env("STOA_SECRET_KEY", SECRET)
        .env("STOA_LOG", "warn")
        .env("STOA_MEDIA_DIR", world.media_folder())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Built beside this test by `cargo verify`, which builds all targets first.
fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let program = test.parent().and_then(|deps| deps.parent()).expect("target/<profile>/deps").join(name);
    assert!(program.exists(), "{} is missing: run `cargo verify`, or `cargo build --workspace --all-targets` first", program.display());
    program
}

/// Waits until a query answers one row that says `what`.
pub async fn until(world: &World, what: &str, sql: &str) {
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
