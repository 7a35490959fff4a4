//! `cargo verify`: every test, against private instances of the real services.
use std::process::ExitCode;

use crate::fleet::{self, Output};
use crate::npm;
use crate::services::{Purpose, Services};
use crate::workspace;

pub(crate) async fn run(arguments: &[String], environment: &[(&str, &str)]) -> anyhow::Result<ExitCode> {
    // `cargo test` alone does not build the programs that some tests start and kill.
    let locked = arguments.iter().any(|argument| argument == "--locked").then_some("--locked");
    let build = workspace::cargo(&["build", "--workspace", "--all-targets"].into_iter().chain(locked).collect::<Vec<_>>());
    if !fleet::run(build, None, Output::Inherit).await?.success() {
        return Ok(ExitCode::FAILURE);
    }
    let services = Services::start(Purpose::Verify).await?;
    let mut command = workspace::cargo(&["test", "--workspace", "--no-fail-fast"]);
    command.args(arguments).envs(environment.iter().copied());
    command.env("STOA_TEST_DATABASE_URL", services.ports.admin_url());
    command.env("STOA_TEST_REDIS_URL", services.ports.redis_url());
    for peer in npm::PEERS {
        command.envs(peer.folder(&services.folder).await.map(|folder| (peer.variable, folder)));
    }
    if let Some(url) = workspace::variable("STOA_MEILISEARCH_URL") {
        command.env("STOA_MEILISEARCH_URL", url);
        command.envs(workspace::variable("STOA_MEILISEARCH_MASTER_KEY").map(|key| ("STOA_MEILISEARCH_MASTER_KEY", key)));
    }
    let status = fleet::run(command, None, Output::Inherit).await?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `cargo xtask openapi`: the snapshots that are generated from the code, accepted as they are; git shows what changed.
pub(crate) async fn snapshots() -> anyhow::Result<ExitCode> {
    let words = ["--test", "it", "--", "openapi", "access"].map(str::to_owned);
    run(&words, &[("INSTA_UPDATE", "always")]).await
}
