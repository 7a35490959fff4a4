//! `cargo xtask lint` and `cargo xtask fmt`: what review should never have to say.
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};

use crate::console::{say, step};
use crate::fleet::{self, Output};
use crate::workspace;

/// Never in the tree: a second crypto backend, or one that needs a system library. cargo-deny holds this too, where installed.
const BANNED: [&str; 4] = ["ring", "openssl-sys", "native-tls", "openssl"];

pub(crate) async fn run() -> anyhow::Result<ExitCode> {
    step("format", cargo(&["fmt", "--all", "--check"], "run `cargo xtask fmt`")).await?;
    step("dependencies", async { dependencies() }).await?;
    say("clippy");
    cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--locked", "--", "-D", "warnings"], "fix what clippy names above")
        .await?;
    if Command::new("cargo-deny").arg("--version").output().is_ok_and(|output| output.status.success()) {
        cargo(&["deny", "--all-features", "check", "--config", ".deny.toml"], "see .deny.toml").await?;
    } else {
        say("cargo-deny is not installed, so licences and advisories were not checked (cargo install --locked cargo-deny)");
    }
    if Command::new("typos").arg("--version").output().is_ok_and(|output| output.status.success()) {
        let status = Command::new("typos").current_dir(workspace::root()).status()?;
        if !status.success() {
            bail!("typos found misspelled words (see above)");
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn format() -> anyhow::Result<ExitCode> {
    step("format", cargo(&["fmt", "--all"], "see above")).await?;
    Ok(ExitCode::SUCCESS)
}

async fn cargo(words: &[&str], advice: &str) -> anyhow::Result<()> {
    if fleet::run(workspace::cargo(words), None, Output::Inherit).await?.success() {
        return Ok(());
    }
    bail!("`cargo {}` failed: {advice}", words.join(" "))
}

fn dependencies() -> anyhow::Result<()> {
    let words = ["tree", "--workspace", "--locked", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"];
    let output = workspace::cargo(&words).output()?;
    if !output.status.success() {
        bail!("Cargo.lock does not fit the manifests: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let tree = String::from_utf8_lossy(&output.stdout).into_owned();
    for name in BANNED {
        if tree.lines().any(|line| line.split(' ').next() == Some(name)) {
            bail!("`{name}` came into the tree; `cargo tree -i {name}` says by whom");
        }
    }
    let lock = std::fs::read_to_string(workspace::root().join("Cargo.lock")).context("no Cargo.lock")?;
    let foreign =
        lock.lines().find(|line| line.starts_with("source = ") && !line.contains("registry+https://github.com/rust-lang/crates.io-index"));
    match foreign {
        Some(line) => bail!("a dependency does not come from crates.io: {line}"),
        None => Ok(()),
    }
}
