//! Prepares a Postgres server once: the three roles, the database, the extensions the job queue needs.
//!
//! Names and passwords are read from the connection addresses that the programs themselves will use, so that they can
//! never disagree. None of the roles is a superuser, bypasses row security, or is a member of another.

use std::str::FromStr;

use anyhow::{Context, ensure};
use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};

/// The addresses as the owner, the app and the platform will connect.
pub struct Addresses<'a> {
    pub owner: &'a str,
    pub app: &'a str,
    pub platform: &'a str,
}

/// Creates what is missing and leaves alone what is there; safe to repeat. `admin_url` must be able to create roles.
pub async fn run(admin_url: &str, addresses: &Addresses<'_>) -> anyhow::Result<()> {
    let admin = PgConnectOptions::from_str(admin_url).context("the admin address is not a Postgres URL")?;
    let mut server = admin.connect().await.context("cannot reach Postgres by the admin address")?;
    for address in [addresses.owner, addresses.app, addresses.platform] {
        create_role(&mut server, &Login::of(address)?).await?;
    }
    let owner = Login::of(addresses.owner)?;
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(&owner.database)
        .fetch_one(&mut server)
        .await?;
    if !exists {
        execute(&mut server, &format!("CREATE DATABASE {} OWNER {}", quoted(&owner.database), quoted(&owner.name))).await?;
    }
    let mut database = admin.clone().database(&owner.database).connect().await?;
    for extension in ["hstore", "pgcrypto"] {
        execute(&mut database, &format!("CREATE EXTENSION IF NOT EXISTS {extension}")).await?;
    }
    execute(&mut database, &format!("GRANT ALL ON SCHEMA public TO {}", quoted(&owner.name))).await?;
    database.close().await?;
    server.close().await?;
    Ok(())
}

struct Login {
    name: String,
    password: String,
    database: String,
}

impl Login {
    fn of(address: &str) -> anyhow::Result<Self> {
        let rest = address.split_once("://").context("a database address starts with postgres://")?.1;
        let (credentials, place) = rest.split_once('@').context("a database address names user and password")?;
        let (name, password) = credentials.split_once(':').context("a database address names a password")?;
        let database = place.split_once('/').context("a database address names a database")?.1;
        let database = database.split('?').next().unwrap_or_default();
        let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.~".contains(c));
        ensure!(plain(name) && plain(password) && plain(database), "user, password and database are letters, digits and _-.~ only");
        Ok(Self { name: name.into(), password: password.into(), database: database.into() })
    }
}

async fn create_role(server: &mut PgConnection, login: &Login) -> anyhow::Result<()> {
    let exists: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)").bind(&login.name).fetch_one(&mut *server).await?;
    if exists {
        return Ok(());
    }
    let limits = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOINHERIT";
    execute(server, &format!("CREATE ROLE {} {limits} PASSWORD '{}'", quoted(&login.name), login.password)).await
}

/// Only for names that [`Login::of`] has let through.
fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

async fn execute(connection: &mut PgConnection, sql: &str) -> anyhow::Result<()> {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(connection).await?;
    Ok(())
}
