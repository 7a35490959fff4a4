//! The operators of the platform that `cargo dev` runs, by the command that a release image has: `stoa-api operator …`.

use std::process::{Command, ExitCode};

use crate::demo;
use crate::dev::programs::{self, Profile};
use crate::fleet::{self, Output};
use crate::services::{Ports, Purpose};
use crate::workspace;

/// `code` is the demo operator's unless another secret is named.
pub(crate) async fn run(words: &[String]) -> anyhow::Result<ExitCode> {
    let folder = Purpose::Dev.folder();
    let mut command = Command::new(workspace::program(Profile::Debug.folder(), "stoa-api"));
    command.current_dir(workspace::root()).envs(programs::environment(&folder, &Ports::load(&folder))?);
    command.env("STOA_INTERNAL_LISTEN", "127.0.0.1:0").env("STOA_LOG", "warn").arg("operator").args(words);
    if words.first().is_some_and(|word| word == "code") && workspace::variable("STOA_OPERATOR_SECRET").is_none() {
        command.env("STOA_OPERATOR_SECRET", demo::OPERATOR_SECRET);
    }
    let is_done = fleet::run(command, None, Output::Inherit).await?.success();
    Ok(if is_done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
