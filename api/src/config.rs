//! What the process is told from outside, and every number someone may tune, its unit in its name.

use std::{fmt, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, anyhow, bail, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use commerce::{
    identity::oauth::{Configured, Patience},
    media::MediaConfig,
    outside::Outside,
};
use salvo::http::uri::Uri;
use search::{MeilisearchConfig, SearchConfig};
use tenancy::{DatabaseConfig, telemetry::TelemetryConfig};

use crate::context::Network;

const SECRET_AT_LEAST_BYTES: usize = 32;

#[derive(Clone)]
pub struct Config {
    pub database: DatabaseConfig,
    /// Without Redis, limits are counted in the process and carts live in Postgres alone.
    pub redis_url: Option<String>,
    pub search: SearchConfig,
    pub listen: SocketAddr,
    /// Metrics and health, for the platform's own network only.
    pub internal_listen: SocketAddr,
    pub public_url: PublicUrl,
    pub secret: Secret,
    /// What is kept sealed is sealed by the first and opened by all: a rotation puts the new key in front.
    pub sealing_keys: Vec<Secret>,
    /// Ed25519 keys (PKCS#8 PEM). The first signs, all verify: a rotation puts the new key in front.
    pub signing_keys_pem: Vec<String>,
    /// The peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// How addresses are called that others have named.
    pub outside: Outside,
    /// Where the files of pictures lie.
    pub media: MediaConfig,
    /// Where pictures are fetched from, without a slash at the end: this process, or what stands before it.
    pub pictures_at: Arc<str>,
    /// By whom accounts, and the customers of every store, may sign in beside their passwords.
    pub identity_providers: Configured,
    pub telemetry: TelemetryConfig,
    pub tuning: Tuning,
}

#[derive(Clone, Debug)]
pub struct Tuning {
    pub body_at_most_bytes: usize,
    pub body_arrives_within: Duration,
    pub json_at_most_levels: usize,
    pub access_token_for: Duration,
    /// How long a sign-out or a lost role may stay unnoticed by a process that has seen the session before.
    pub session_cached_for: Duration,
    /// Then a process counts limits for itself.
    pub limits_answer_within: Duration,
    /// Every plan's rates times this: for a platform whose machines carry more.
    pub limits_factor: u32,
    /// Then a cart is read from its copy, which a cart that was just made may not have: longer than a busy machine hesitates.
    pub carts_answer_within: Duration,
    /// Answers that are kept for who asks the same again, in each process; none at 0.
    pub kept_answers_mib: u64,
    pub drain_within: Duration,
    pub connections_at_most: usize,
    pub password_hashes_at_once: usize,
    /// For how long what identity providers publish is believed.
    pub provider_documents: Patience,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            body_at_most_bytes: 64 * 1024,
            body_arrives_within: Duration::from_secs(15),
            json_at_most_levels: 32,
            access_token_for: Duration::from_mins(10),
            session_cached_for: Duration::from_secs(30),
            limits_answer_within: Duration::from_millis(50),
            limits_factor: 1,
            carts_answer_within: Duration::from_millis(500),
            kept_answers_mib: 32,
            drain_within: Duration::from_secs(25),
            connections_at_most: 10_000,
            password_hashes_at_once: 2,
            provider_documents: Patience::default(),
        }
    }
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// A variable is missing or cannot be read, or a secret is too short to be one. The text names the variable and never
    /// its value.
    pub fn from_env() -> anyhow::Result<Self> {
        let connections = optional("STOA_DATABASE_CONNECTIONS")?.map_or(Ok(16), |text| text.parse())?;
        let public_url: PublicUrl = parsed("STOA_PUBLIC_URL", "http://localhost:8080")?;
        let secret = Secret::from_base64(&required("STOA_SECRET_KEY")?).context("STOA_SECRET_KEY")?;
        let outside = Outside::new(public_url.host(), parsed("STOA_OUTSIDE_MAY_BE_PRIVATE", "false")?)?;
        Ok(Self {
            database: DatabaseConfig {
                app_url: required("STOA_DATABASE_URL")?,
                platform_url: required("STOA_PLATFORM_DATABASE_URL")?,
                app_connections: connections,
                platform_connections: (connections / 4).max(4),
                application_name: "stoa-api",
            },
            redis_url: optional("STOA_REDIS_URL")?,
            search: SearchConfig {
                meilisearch: match optional("STOA_MEILISEARCH_URL")? {
                    Some(url) => Some(MeilisearchConfig { url, master_key: optional("STOA_MEILISEARCH_MASTER_KEY")? }),
                    None => None,
                },
            },
            listen: parsed("STOA_LISTEN", "127.0.0.1:8080")?,
            internal_listen: parsed("STOA_INTERNAL_LISTEN", "127.0.0.1:9080")?,
            sealing_keys: sealing_keys(optional("STOA_SEALING_KEYS")?.as_deref(), &secret).context("STOA_SEALING_KEYS")?,
            identity_providers: match optional("STOA_IDENTITY_PROVIDERS")? {
                Some(json) => Configured::read(&json, &outside).map_err(|why| anyhow!("STOA_IDENTITY_PROVIDERS: {why}"))?,
                None => Configured::default(),
            },
            media: MediaConfig::read(optional)?,
            pictures_at: pictures_at(optional("STOA_MEDIA_PUBLIC_URL")?, &public_url).context("STOA_MEDIA_PUBLIC_URL")?,
            outside,
            public_url,
            secret,
            signing_keys_pem: key_files(&required("STOA_SIGNING_KEY_FILE")?).context("STOA_SIGNING_KEY_FILE")?,
            trusted_proxies: list("STOA_TRUSTED_PROXIES")?,
            telemetry: TelemetryConfig {
                filter: optional("STOA_LOG")?.unwrap_or_else(|| "info".into()),
                otlp_endpoint: optional("STOA_OTLP_ENDPOINT")?,
            },
            tuning: Tuning {
                kept_answers_mib: parsed("STOA_KEPT_ANSWERS_MIB", "32")?,
                limits_factor: parsed("STOA_LIMITS_FACTOR", "1")?,
                ..Tuning::default()
            },
        })
    }
}

/// Where the public reaches the platform; a store answers on `{slug}.{host}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl PublicUrl {
    /// The base domain, without port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host name on which a store of this slug answers.
    pub fn store_host(&self, slug: &str) -> String {
        format!("{slug}.{}", self.host)
    }

    /// The host of a browser's `Origin`, if pages of it are served as this platform's own are: by the same scheme and port.
    pub fn host_of_origin<'a>(&self, origin: &'a str) -> Option<&'a str> {
        let authority = origin.strip_prefix(&self.scheme)?.strip_prefix("://")?;
        match self.port {
            Some(port) => authority.strip_suffix(&port.to_string())?.strip_suffix(':'),
            None => Some(authority).filter(|host| !host.contains(':')),
        }
    }

    /// The address of a store's storefront API.
    pub fn store_url(&self, slug: &str) -> String {
        Self { host: self.store_host(slug), ..self.clone() }.to_string()
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}://{}:{port}", self.scheme, self.host),
            None => write!(f, "{}://{}", self.scheme, self.host),
        }
    }
}

impl std::str::FromStr for PublicUrl {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uri: Uri = text.trim_end_matches('/').parse()?;
        let scheme = uri.scheme_str().filter(|scheme| ["http", "https"].contains(scheme)).context("not an http(s) address")?;
        ensure!(uri.path() == "/" && uri.query().is_none(), "an address without path or query is wanted");
        let host = uri.host().context("no host")?.to_ascii_lowercase();
        Ok(Self { scheme: scheme.to_owned(), host, port: uri.port_u16() })
    }
}

/// The platform's secret, from which others are derived. Never shown.
#[derive(Clone)]
pub struct Secret(Arc<[u8]>);

impl Secret {
    /// # Errors
    /// The text is not base64, or stands for fewer than 32 bytes.
    pub fn from_base64(text: &str) -> anyhow::Result<Self> {
        Self::from_bytes(&STANDARD.decode(text.trim()).map_err(|_| anyhow!("not base64"))?)
    }

    /// # Errors
    /// Fewer than 32 bytes, or one byte repeated: a placeholder, not a secret.
    pub fn from_bytes(bytes: &[u8]) -> anyhow::Result<Self> {
        ensure!(bytes.len() >= SECRET_AT_LEAST_BYTES, "shorter than {SECRET_AT_LEAST_BYTES} bytes");
        ensure!(bytes.iter().any(|byte| *byte != bytes[0]), "one byte repeated is no secret");
        Ok(Self(bytes.into()))
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Where none is named, this process sends pictures itself.
fn pictures_at(named: Option<String>, public_url: &PublicUrl) -> anyhow::Result<Arc<str>> {
    let Some(named) = named else { return Ok(public_url.to_string().into()) };
    let uri: Uri = named.parse()?;
    ensure!(uri.scheme().is_some() && uri.host().is_some() && uri.query().is_none(), "an address without query is wanted");
    Ok(named.trim_end_matches('/').into())
}

/// Where none is named, the platform's secret seals.
fn sealing_keys(named: Option<&str>, secret: &Secret) -> anyhow::Result<Vec<Secret>> {
    named.map_or_else(|| Ok(vec![secret.clone()]), |texts| texts.split(',').map(Secret::from_base64).collect())
}

fn key_files(paths: &str) -> anyhow::Result<Vec<String>> {
    let read = |path: &str| std::fs::read_to_string(Path::new(path)).with_context(|| format!("cannot read {path}"));
    let pems: Vec<_> = paths.split(',').map(str::trim).filter(|path| !path.is_empty()).map(read).collect::<Result<_, _>>()?;
    ensure!(!pems.is_empty(), "names no file");
    Ok(pems)
}

fn list<T: std::str::FromStr<Err = anyhow::Error>>(name: &str) -> anyhow::Result<Vec<T>> {
    let text = optional(name)?.unwrap_or_default();
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(|part| part.parse().context(name.to_owned())).collect()
}

fn parsed<T: std::str::FromStr<Err: fmt::Display>>(name: &str, default: &str) -> anyhow::Result<T> {
    let text = optional(name)?.unwrap_or_else(|| default.into());
    text.parse().map_err(|error| anyhow!("{name}: {error}"))
}

fn required(name: &str) -> anyhow::Result<String> {
    optional(name)?.with_context(|| format!("{name} is not set"))
}

/// A variable set to nothing is not set.
#[expect(clippy::disallowed_methods, reason = "this is the file that reads the environment")]
fn optional(name: &str) -> anyhow::Result<Option<String>> {
    match std::env::var(name) {
        Ok(text) => Ok(Some(text).filter(|text| !text.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => bail!("{name} is not text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_names_its_stores() {
        let url: PublicUrl = "http://LOCALHOST:8080/".parse().unwrap();
        assert_eq!(url.store_url("mugs"), "http://mugs.localhost:8080");
        for wrong in ["localhost", "ftp://localhost", "http://localhost/shop", ""] {
            assert!(wrong.parse::<PublicUrl>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_weak_secret_is_refused() {
        assert!(Secret::from_base64("").is_err());
        assert!(Secret::from_bytes(&[7; 64]).is_err(), "one byte repeated");
        assert!(Secret::from_bytes(b"0123456789012345678901234567890").is_err(), "31 bytes");
        assert!(Secret::from_bytes(b"01234567890123456789012345678901").is_ok());
    }
}
