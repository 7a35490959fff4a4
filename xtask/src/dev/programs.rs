//! The product's own programs: built, told where everything is, started, watched.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::bail;
use tokio::fs::OpenOptions;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};

use super::secrets;
use crate::console::say;
use crate::fleet::{self, Output, Signal};
use crate::http::{self, Connection};
use crate::services::{Ports, Services, tail};
use crate::workspace;

/// Which build of the programs runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Debug,
    Release,
}

impl Profile {
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "release",
        }
    }
}

/// Builds every program of the workspace; cargo itself knows when there is nothing to do.
pub(crate) async fn build(profile: Profile) -> anyhow::Result<()> {
    // Always the whole workspace: another selection would unify features anew and build the world twice.
    let mut words = vec!["build", "--workspace", "--bins", "--locked"];
    if profile == Profile::Release {
        // The floor that the bench measures beside the product.
        words.extend(["--examples", "--release"]);
    }
    say("cargo build (the first one takes minutes)");
    if fleet::run(workspace::cargo(&words), None, Output::Inherit).await?.success() {
        return Ok(());
    }
    bail!("the build failed (see above)")
}

/// Starts the floor and waits until it answers.
pub(crate) async fn start_floor(services: &mut Services, profile: Profile) -> anyhow::Result<()> {
    let port = services.ports.of("floor");
    let mut command = Command::new(workspace::program(profile.folder(), "examples/floor"));
    command.arg(format!("127.0.0.1:{port}")).arg(services.ports.database_url("stoa_app"));
    let log = services.log("floor");
    services.fleet.start("floor", command, None, Output::File(log.clone()), Signal::Terminate)?;
    let begun = Instant::now();
    while Connection::open(port).await.is_err() {
        if begun.elapsed() > Duration::from_secs(10) {
            bail!("the floor does not answer; the end of {}:\n    {}", log.display(), tail(&log, 8));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Everything the programs read from their environment.
pub(crate) fn environment(folder: &Path, ports: &Ports) -> anyhow::Result<Vec<(&'static str, String)>> {
    let port = |name| ports.of(name);
    let mut list = vec![
        ("STOA_ADMIN_DATABASE_URL", ports.admin_url()),
        ("STOA_OWNER_DATABASE_URL", ports.database_url("stoa_owner")),
        ("STOA_DATABASE_URL", ports.database_url("stoa_app")),
        ("STOA_PLATFORM_DATABASE_URL", ports.database_url("stoa_platform")),
        ("STOA_REDIS_URL", ports.redis_url()),
        ("STOA_SMTP_URL", format!("smtp://127.0.0.1:{}", port("smtp"))),
        ("STOA_MAIL_FROM", "orders@stoa.example".to_owned()),
        ("STOA_LISTEN", format!("127.0.0.1:{}", port("api"))),
        ("STOA_PUBLIC_URL", format!("http://localhost:{}", port("api"))),
        ("STOA_SECRET_KEY", secrets::platform_secret(folder)?),
        ("STOA_OUTSIDE_MAY_BE_PRIVATE", "true".to_owned()),
        ("STOA_MEDIA_DIR", folder.join("media").display().to_string()),
        ("STOA_SIGNING_KEY_FILE", secrets::signing_key(folder)?.display().to_string()),
    ];
    for name in [
        "STOA_MEILISEARCH_URL",
        "STOA_MEILISEARCH_MASTER_KEY",
        "STOA_OTLP_ENDPOINT",
        "STOA_LOG",
        "STOA_KEPT_ANSWERS_MIB",
        "STOA_LIMITS_FACTOR",
        "STOA_IDENTITY_PROVIDERS",
        "STOA_MEDIA_PUBLIC_URL",
        "STOA_MEDIA_S3_BUCKET",
        "STOA_MEDIA_S3_REGION",
        "STOA_MEDIA_S3_ENDPOINT",
        "STOA_MEDIA_S3_ACCESS_KEY_ID",
        "STOA_MEDIA_S3_SECRET_ACCESS_KEY",
    ] {
        list.extend(workspace::variable(name).map(|value| (name, value)));
    }
    Ok(list)
}

/// A program of the workspace with its environment.
pub(crate) fn program(services: &Services, profile: Profile, name: &str) -> anyhow::Result<Command> {
    let mut command = Command::new(workspace::program(profile.folder(), name));
    command.current_dir(workspace::root()).envs(environment(&services.folder, &services.ports)?);
    Ok(command)
}

/// Runs a program to its end; what it says goes to its log.
///
/// # Errors
/// It failed; the end of its log is told.
pub(crate) async fn run(services: &Services, mut command: Command, arguments: &[&str], log: &str) -> anyhow::Result<()> {
    command.args(arguments);
    let log = services.log(log);
    if fleet::run(command, None, Output::File(log.clone())).await?.success() {
        return Ok(());
    }
    bail!("`{}` failed; the end of {}:\n    {}", arguments.join(" "), log.display(), tail(&log, 12))
}

/// Starts the api and the worker, told this too, and waits until both say they are ready.
pub(crate) async fn start(services: &mut Services, profile: Profile, also: &[(&str, &str)]) -> anyhow::Result<()> {
    for (name, program_name, internal) in [("api", "stoa-api", "api-internal"), ("worker", "stoa-worker", "worker-internal")] {
        let mut command = program(services, profile, program_name)?;
        command.env("STOA_INTERNAL_LISTEN", format!("127.0.0.1:{}", services.ports.of(internal)));
        command.envs(also.iter().copied());
        let log = services.log(name);
        let child = services.fleet.start(name, command, None, Output::Piped, Signal::Terminate)?;
        keep_log(name, child.stdout.take(), log.clone());
        keep_log(name, child.stderr.take(), log);
    }
    for (name, internal) in [("api", "api-internal"), ("worker", "worker-internal")] {
        wait_until_ready(services, name, internal).await?;
    }
    Ok(())
}

async fn wait_until_ready(services: &mut Services, name: &str, internal: &str) -> anyhow::Result<()> {
    let begun = Instant::now();
    let question = http::request("GET", "localhost", "/health/ready", &[], None);
    loop {
        let answer = async { Connection::open(services.ports.of(internal)).await?.send(&question).await };
        if answer.await.is_ok_and(|answer| answer.status == 200) {
            return Ok(());
        }
        if let Some((fallen, status)) = services.fleet.fallen() {
            let log = services.log(&fallen);
            bail!("{fallen} did not start ({status}); the end of {}:\n    {}", log.display(), tail(&log, 12));
        }
        if begun.elapsed() > Duration::from_secs(30) {
            let log = services.log(name);
            bail!("{name} was not ready within 30 s; the end of {}:\n    {}", log.display(), tail(&log, 12));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Copies a program's lines to its log, and warnings to the terminal too.
fn keep_log(name: &str, stream: Option<impl AsyncRead + Unpin + Send + 'static>, path: std::path::PathBuf) {
    let (Some(stream), name) = (stream, name.to_owned()) else { return };
    tokio::spawn(async move {
        let mut file = open(&path).await?;
        let mut lines = BufReader::new(stream).lines();
        let mut told_at: HashMap<String, Instant> = HashMap::new();
        while let Some(line) = lines.next_line().await? {
            file.write_all(format!("{line}\n").as_bytes()).await?;
            file.flush().await?;
            if line.contains("\"level\":\"WARN\"") || line.contains("\"level\":\"ERROR\"") || line.contains("panicked at") {
                let text = told(&line);
                // A program that is in trouble says so often; once in a while is enough here.
                if told_at.get(&text).is_none_or(|at| at.elapsed() > Duration::from_secs(30)) {
                    say(&format!("{name}: {text}"));
                    told_at.insert(text, Instant::now());
                }
            }
        }
        std::io::Result::Ok(())
    });
}

async fn open(path: &Path) -> std::io::Result<tokio::fs::File> {
    OpenOptions::new().create(true).append(true).open(path).await
}

/// The level and the message of a structured line, else the line.
fn told(line: &str) -> String {
    let Ok(value) = serde_json::from_str::<serde_json::Value>(line) else { return line.to_owned() };
    let text = |pointer: &str| value.pointer(pointer).and_then(|text| text.as_str()).map(str::to_owned);
    let message = text("/fields/message").or_else(|| text("/message"));
    let error = text("/fields/error").or_else(|| text("/error")).map(|error| format!(": {error}")).unwrap_or_default();
    format!("{} {}{error}", text("/level").unwrap_or_default(), message.unwrap_or_else(|| line.to_owned()))
}
