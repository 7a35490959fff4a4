//! Finds the servers we need, and installs them where the machine lets us.
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::console::{say, step};
use crate::fleet::{self, Output, User};
use crate::workspace::variable;

const OLDEST_POSTGRES: u32 = 15;

pub(crate) struct Programs {
    /// The folder with `postgres` and `initdb`, newest first where several are installed.
    pub postgres: Vec<PostgresFolder>,
    /// `redis-server` or `valkey-server`.
    pub redis: PathBuf,
    /// Set when we are root, which PostgreSQL refuses to run as.
    pub postgres_user: Option<User>,
}

pub(crate) struct PostgresFolder {
    pub path: PathBuf,
    pub major: u32,
}

/// Finds PostgreSQL (15 or newer) and Redis; installs them with apt-get where we may.
///
/// # Errors
/// Something is missing that we may not install; the sentence says what to type.
pub(crate) async fn find_or_install() -> anyhow::Result<Programs> {
    let mut packages = Vec::new();
    if postgres_folders().is_empty() {
        packages.push("postgresql");
    }
    if redis_server().is_none() {
        packages.push("redis-server");
    }
    if !packages.is_empty() {
        install(&packages).await?;
    }
    let postgres = postgres_folders();
    if postgres.is_empty() {
        bail!(
            "PostgreSQL {OLDEST_POSTGRES} or newer is missing: install it (on Debian 12: apt-get install postgresql), or put its bin folder on PATH"
        );
    }
    let redis = redis_server().context("Redis is missing: install redis-server or valkey-server, or put it on PATH")?;
    Ok(Programs { postgres, redis, postgres_user: unprivileged_user()? })
}

async fn install(packages: &[&str]) -> anyhow::Result<()> {
    let list = packages.join(" ");
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!("{} missing: install {list} with this machine's package manager, then run the command again", are(packages));
    }
    let prefix: &[&str] = if is_root() {
        &[]
    } else if sudo_without_password() {
        &["sudo", "-n"]
    } else {
        bail!("{} missing: run `sudo apt-get install --no-install-recommends {list}`, then run the command again", are(packages));
    };
    say(&format!("{list}: not installed here, asking apt-get for it (its own instances stay as apt leaves them; Stoa uses private ones)"));
    let log = std::env::temp_dir().join(format!("stoa-apt-{}.log", std::process::id()));
    let line = [prefix, &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]].concat();
    step("apt-get update", apt(&line, &["update"], &log)).await?;
    step(&format!("apt-get install {list}"), apt(&line, &[&["install", "-y", "--no-install-recommends"], packages].concat(), &log)).await
}

async fn apt(line: &[&str], words: &[&str], log: &Path) -> anyhow::Result<()> {
    let mut command = Command::new(line.first().context("empty command")?);
    command.args(&line[1..]).args(words);
    if fleet::run(command, None, Output::File(log.to_owned())).await?.success() {
        return Ok(());
    }
    bail!("apt-get {} failed; the end of {}:\n    {}", words.join(" "), log.display(), super::tail(log, 8))
}

fn are(packages: &[&str]) -> String {
    format!("{} {}", packages.join(" and "), if packages.len() == 1 { "is" } else { "are" })
}

pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self")
        .map_or_else(|_| variable("USER").as_deref() == Some("root"), |own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

fn sudo_without_password() -> bool {
    Command::new("sudo").args(["-n", "true"]).output().is_ok_and(|output| output.status.success())
}

fn unprivileged_user() -> anyhow::Result<Option<User>> {
    if !is_root() {
        return Ok(None);
    }
    if !Path::new("/usr/bin/setpriv").exists() {
        bail!("PostgreSQL refuses to run as root and `setpriv` is missing: install util-linux, or run this as another user");
    }
    let list = std::fs::read_to_string("/etc/passwd")?;
    let user = ["postgres", "nobody"].into_iter().find_map(|name| {
        let line = list.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some(User { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
    });
    user.map(Some).context("PostgreSQL refuses to run as root, and this machine has neither a user `postgres` nor `nobody` to run it as")
}

fn postgres_folders() -> Vec<PostgresFolder> {
    let mut folders = path_folders();
    for base in ["/usr/lib/postgresql", "/usr/local/opt", "/opt/homebrew/opt", "/usr"] {
        for entry in std::fs::read_dir(base).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if base == "/usr/lib/postgresql" || name.starts_with("postgresql@") || name.starts_with("pgsql-") {
                folders.push(entry.path().join("bin"));
            }
        }
    }
    let mut found: Vec<PostgresFolder> = Vec::new();
    for folder in folders {
        // What is on PATH may be a link into the folder that holds the whole set.
        let Some(path) = folder.join("initdb").canonicalize().ok().and_then(|program| program.parent().map(Path::to_owned)) else {
            continue;
        };
        if path.join("postgres").exists() && !found.iter().any(|known| known.path == path) {
            found.extend(major_version(&path).filter(|major| *major >= OLDEST_POSTGRES).map(|major| PostgresFolder { path, major }));
        }
    }
    found.sort_by_key(|folder| std::cmp::Reverse(folder.major));
    found
}

/// "postgres (PostgreSQL) 15.18 (Debian …)" → 15
fn major_version(folder: &Path) -> Option<u32> {
    let output = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().nth(2)?.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}

fn redis_server() -> Option<PathBuf> {
    let folders = path_folders();
    ["redis-server", "valkey-server"]
        .into_iter()
        .find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|program| program.exists()))
}

fn path_folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    folders.extend(["/usr/sbin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from));
    folders
}
