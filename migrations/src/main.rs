//! `stoa-migrate`: prepares a server and moves its schema.

use clap::{Parser, Subcommand};
use migrations::bootstrap::{self, Addresses};
use tracing::info;

#[derive(Parser)]
#[command(name = "stoa-migrate", about = "Prepares a Postgres server for Stoa and moves its schema")]
struct Arguments {
    /// Where the owner of the schema connects.
    #[arg(long, env = "STOA_OWNER_DATABASE_URL", hide_env_values = true)]
    owner_url: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Create the roles, the database and the extension that are missing.
    Bootstrap {
        /// A role that may create roles and databases.
        #[arg(long, env = "STOA_ADMIN_DATABASE_URL", hide_env_values = true)]
        admin_url: String,
        #[arg(long, env = "STOA_DATABASE_URL", hide_env_values = true)]
        app_url: String,
        #[arg(long, env = "STOA_PLATFORM_DATABASE_URL", hide_env_values = true)]
        platform_url: String,
    },
    /// Apply every step that is missing.
    Up,
    /// Take back the last steps.
    Down {
        #[arg(long, default_value_t = 1)]
        count: u32,
    },
    /// List the steps that are missing.
    Status,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_target(false).with_env_filter("info,sqlx=warn").init();
    let arguments = Arguments::parse();
    match arguments.command {
        Command::Bootstrap { admin_url, app_url, platform_url } => {
            let addresses = Addresses { owner: &arguments.owner_url, app: &app_url, platform: &platform_url };
            bootstrap::run(&admin_url, &addresses).await?;
            info!("The server is ready for `stoa-migrate up`");
        }
        Command::Up => {
            migrations::up(&arguments.owner_url).await?;
            info!("The schema is up to date");
        }
        Command::Down { count } => migrations::down(&arguments.owner_url, count).await?,
        Command::Status => match migrations::pending(&arguments.owner_url).await?.as_slice() {
            [] => info!("The schema is up to date"),
            missing => missing.iter().for_each(|name| info!("Missing: {name}")),
        },
    }
    Ok(())
}
