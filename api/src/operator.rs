//! The people who run the platform: made, given another authenticator, shut out. No request can do any of it.
#![expect(clippy::print_stdout, reason = "a command answers on standard output")]

use std::io::{IsTerminal, Read};

use anyhow::{Context, bail};
use api::{Config, State};
use clap::Subcommand;
use commerce::{
    identity::{
        operators::{self, Enrolled},
        second_factors::totp::{self, Secret},
    },
    stores::audit::{self, About, By},
    text::Email,
};
use tenancy::{OperatorId, PlatformTx};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Makes an operator and prints the authenticator's secret and the recovery codes, which nobody can read again. One who exists
    /// gets all of it anew. The password is read from STOA_OPERATOR_PASSWORD, else from standard input: never from an argument, which
    /// everyone on the machine could read.
    #[command(visible_alias = "create")]
    Add {
        #[arg(long)]
        email: Email,
        #[arg(long, default_value = "Operator")]
        name: String,
        #[arg(long, env = "STOA_OPERATOR_PASSWORD", hide = true, hide_env_values = true)]
        password_from_environment: Option<String>,
        /// A secret (base32) instead of one that is drawn: for a platform that somebody tries out.
        #[arg(long, env = "STOA_OPERATOR_SECRET", hide = true, hide_env_values = true, value_parser = secret)]
        secret_from_environment: Option<Secret>,
    },
    /// Gives an operator another authenticator and other recovery codes, prints them, and signs them out.
    ResetFactor {
        #[arg(long)]
        email: Email,
    },
    /// Shuts an operator out, everywhere within half a minute. `add` lets them in again.
    Disable {
        #[arg(long)]
        email: Email,
    },
    /// Lists the operators.
    List,
    /// Prints the current code of an authenticator's secret (base32), read from STOA_OPERATOR_SECRET, else from standard input.
    Code {
        #[arg(long, env = "STOA_OPERATOR_SECRET", hide = true, hide_env_values = true, value_parser = secret)]
        secret_from_environment: Option<Secret>,
    },
}

pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    let state = &State::connect(Config::from_env()?).await?;
    let tx = state.database.platform().begin().await?;
    match command {
        Command::Add { email, name, password_from_environment, secret_from_environment } => {
            let password = password_from_environment.map_or_else(read_line, Ok)?;
            let given = (&email, name.as_str(), password.as_str());
            let secret = secret_from_environment.unwrap_or_else(Secret::draw);
            let enrolled = operators::add(&tx, &state.passwords, state.means(), given, secret).await?;
            commit(tx, state, enrolled.operator, "operators.add").await?;
            show(state, &email, &enrolled);
        }
        Command::ResetFactor { email } => {
            let enrolled = operators::reset_factor(&tx, state.means(), &email, Secret::draw()).await?;
            commit(tx, state, enrolled.operator, "operators.reset_factor").await?;
            show(state, &email, &enrolled);
        }
        Command::Disable { email } => {
            let operator = operators::disable(&tx, &state.clock, &email).await?;
            commit(tx, state, operator, "operators.disable").await?;
        }
        Command::List => {
            for operator in operators::list(&tx).await? {
                let state = if operator.disabled_at.is_some() { "disabled" } else { "active" };
                println!("{}  {state:<8}  {}  {}", operator.id, operator.email, operator.name);
            }
        }
        Command::Code { secret_from_environment } => {
            let typed = || secret(&read_line()?).map_err(anyhow::Error::msg);
            let secret = secret_from_environment.map_or_else(typed, Ok)?;
            println!("{}", secret.code(totp::step_at(state.clock.now())));
        }
    }
    Ok(())
}

/// Whom it is about stands in the log as who did it: the command line has no name.
async fn commit(tx: PlatformTx, state: &State, operator: OperatorId, action: &str) -> anyhow::Result<()> {
    let by = By { operator, request_id: "command line".to_owned() };
    audit::record(&tx, &state.clock, &by, action, About { reason: Some("by the command line"), ..About::default() }).await?;
    Ok(tx.commit().await?)
}

fn show(state: &State, email: &Email, enrolled: &Enrolled) {
    println!("operator   {} ({})", email.as_str(), enrolled.operator);
    println!("secret     {}", enrolled.secret.base32());
    println!("otpauth    {}", enrolled.secret.url(state.config.public_url.host(), email.as_str()));
    println!("recovery   {}", enrolled.recovery_codes.join("\n           "));
}

fn secret(text: &str) -> Result<Secret, String> {
    Secret::from_base32(text).ok_or_else(|| "not a secret in base32, of 128 bits or more".to_owned())
}

fn read_line() -> anyhow::Result<String> {
    if std::io::stdin().is_terminal() {
        bail!("set STOA_OPERATOR_PASSWORD (or STOA_OPERATOR_SECRET), or pipe it in");
    }
    let mut text = String::new();
    std::io::stdin().take(1024).read_to_string(&mut text).context("standard input could not be read")?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
