//! What the process is told from outside, and every number someone may tune, its unit in its name.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, anyhow, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use commerce::{media::MediaConfig, outside::Outside};
use search::{MeilisearchConfig, SearchConfig};
use tenancy::{DatabaseConfig, telemetry::TelemetryConfig};

#[derive(Clone)]
pub struct Config {
    pub database: DatabaseConfig,
    /// Metrics and health, for the platform's own network only.
    pub internal_listen: SocketAddr,
    /// Without Redis there are no carts outside Postgres, and none to copy.
    pub redis_url: Option<String>,
    pub search: SearchConfig,
    pub mail: MailConfig,
    /// Where the platform answers; mails point to the stores below it.
    pub public_url: String,
    /// Where the files of pictures lie; the api's.
    pub media: MediaConfig,
    /// How addresses are called that stores have named.
    pub outside: Outside,
    /// From which order links are made; the api's.
    pub secret: Vec<u8>,
    pub telemetry: TelemetryConfig,
    /// A process that has not been seen for so long is dead, and its jobs are taken over. Longer than any job may take.
    pub orphan_after: Duration,
    /// How long running jobs may finish after the signal to stop.
    pub drain_within: Duration,
}

#[derive(Clone)]
pub struct MailConfig {
    /// `smtps://user:password@host`, `smtp://user:password@host:587?tls=required`, or plain `smtp://127.0.0.1:1025`.
    pub smtp_url: String,
    /// The address all mails are sent from; the name before it is the store's.
    pub from: String,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// A variable is missing or cannot be read. The text names the variable and never its value.
    pub fn from_env() -> anyhow::Result<Self> {
        let connections = parsed("STOA_DATABASE_CONNECTIONS", 16)?;
        let public_url = parsed("STOA_PUBLIC_URL", "http://localhost:8080".to_owned())?;
        let own_host = public_url.split_once("://").map_or("", |(_, rest)| rest).split([':', '/']).next().unwrap_or_default();
        Ok(Self {
            database: DatabaseConfig {
                app_url: required("STOA_DATABASE_URL")?,
                platform_url: required("STOA_PLATFORM_DATABASE_URL")?,
                app_connections: connections,
                platform_connections: 4,
                application_name: "stoa-worker",
            },
            internal_listen: parsed("STOA_INTERNAL_LISTEN", SocketAddr::from(([127, 0, 0, 1], 9081)))?,
            media: MediaConfig::read(optional)?,
            outside: Outside::new(own_host, parsed("STOA_OUTSIDE_MAY_BE_PRIVATE", false)?)?,
            public_url,
            secret: secret(&required("STOA_SECRET_KEY")?).context("STOA_SECRET_KEY")?,
            redis_url: optional("STOA_REDIS_URL")?,
            search: SearchConfig {
                meilisearch: match optional("STOA_MEILISEARCH_URL")? {
                    Some(url) => Some(MeilisearchConfig { url, master_key: optional("STOA_MEILISEARCH_MASTER_KEY")? }),
                    None => None,
                },
            },
            mail: MailConfig { smtp_url: required("STOA_SMTP_URL")?, from: required("STOA_MAIL_FROM")? },
            telemetry: TelemetryConfig {
                filter: optional("STOA_LOG")?.unwrap_or_else(|| "info,apalis_core=warn,apalis_postgres=warn".into()),
                otlp_endpoint: optional("STOA_OTLP_ENDPOINT")?,
            },
            orphan_after: Duration::from_secs(parsed("STOA_WORKER_ORPHAN_SECONDS", 20)?),
            drain_within: Duration::from_secs(parsed("STOA_WORKER_DRAIN_SECONDS", 15)?),
        })
    }
}

fn secret(text: &str) -> anyhow::Result<Vec<u8>> {
    let bytes = STANDARD.decode(text.trim()).map_err(|_| anyhow!("not base64"))?;
    ensure!(bytes.len() >= 32, "shorter than 32 bytes");
    Ok(bytes)
}

fn required(name: &str) -> anyhow::Result<String> {
    optional(name)?.ok_or_else(|| anyhow!("{name} is not set"))
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn optional(name: &str) -> anyhow::Result<Option<String>> {
    match std::env::var(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(anyhow!("{name} is not UTF-8")),
    }
}

fn parsed<T>(name: &'static str, default: T) -> anyhow::Result<T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    optional(name)?.map_or(Ok(default), |text| text.parse().context(name))
}
