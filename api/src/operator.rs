//! Making the first operator, which no request can do.

use std::io::{IsTerminal, Read};

use anyhow::{Context, bail};
use api::State;
use clap::Subcommand;
use commerce::{identity::operators, text::Email};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Makes an operator, or gives an existing one a new password. The password is read from STOA_OPERATOR_PASSWORD, else from
    /// standard input: never from an argument, which everyone on the machine could read.
    Create {
        #[arg(long)]
        email: Email,
        #[arg(long)]
        name: Option<String>,
        #[arg(long, env = "STOA_OPERATOR_PASSWORD", hide = true, hide_env_values = true)]
        password_from_environment: Option<String>,
    },
}

pub(crate) async fn run(command: Command, state: &State) -> anyhow::Result<()> {
    let Command::Create { email, name, password_from_environment } = command;
    let password = password_from_environment.map_or_else(read_password, Ok)?;
    let name = name.unwrap_or_else(|| "Operator".to_owned());
    let tx = state.database.platform().begin().await?;
    let id = operators::create(&tx, &state.passwords, &state.clock, (&email, &name, &password)).await?;
    tx.commit().await?;
    tracing::info!(operator.id = %id, "Made operator");
    Ok(())
}

fn read_password() -> anyhow::Result<String> {
    if std::io::stdin().is_terminal() {
        bail!("set STOA_OPERATOR_PASSWORD, or pipe the password in");
    }
    let mut text = String::new();
    std::io::stdin().take(1024).read_to_string(&mut text).context("the password could not be read")?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
