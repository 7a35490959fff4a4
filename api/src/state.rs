use std::{sync::Arc, time::Duration};

use anyhow::Context;
use commerce::{
    cart::CartStore,
    clock::Clock,
    identity::{Codes, KeyUses, Passwords, oauth::Providers, second_factors::Means},
    media::Objects,
    orders::OrderLinks,
    payments::Gateways,
    seal::Seal,
};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use search::SearchBackend;
use tenancy::{Database, Directory};
use tokio_util::task::TaskTracker;

use crate::{
    Config, Limiter, Signer,
    config::Secret,
    context::{CustomerSessions, Sessions, Uploads},
    storefront::KeptAnswers,
};

/// Everything a handler may need. Made once a process (once a test), cheap to clone, and an extractor.
#[derive(Clone)]
pub struct State {
    pub config: Arc<Config>,
    pub database: Database,
    pub directory: Directory,
    /// None where no Redis is configured. One that is away makes calls fail, not the process.
    pub redis: Option<ConnectionManager>,
    pub clock: Clock,
    pub search: Arc<dyn SearchBackend>,
    pub signer: Signer,
    pub passwords: Passwords,
    pub sessions: Sessions,
    pub customer_sessions: CustomerSessions,
    pub limiter: Limiter,
    pub carts: CartStore,
    pub gateways: Gateways,
    pub order_links: OrderLinks,
    pub codes: Codes,
    pub key_uses: KeyUses,
    pub seal: Seal,
    /// By whom people may sign in beside their passwords.
    pub providers: Providers,
    pub kept_answers: KeptAnswers,
    /// The files of pictures.
    pub objects: Objects,
    pub uploads: Uploads,
    /// Requests under way; they outlive their connections, and a stop waits for them.
    pub requests: TaskTracker,
}

impl State {
    /// Connects to what the configuration names.
    ///
    /// # Errors
    /// Postgres cannot be reached, or a secret cannot be used.
    pub async fn connect(config: Config) -> anyhow::Result<Self> {
        let database = Database::connect(&config.database).await.context("Postgres")?;
        let redis = config.redis_url.as_deref().map(open_redis).transpose().context("STOA_REDIS_URL")?;
        Self::new(config, database, redis, Clock::system())
    }

    /// Puts the state together from its outside parts.
    ///
    /// # Errors
    /// A signing key, the address of the search engine, or the place of the pictures cannot be used.
    pub fn new(config: Config, database: Database, redis: Option<ConnectionManager>, clock: Clock) -> anyhow::Result<Self> {
        let tuning = &config.tuning;
        let codes = Codes::new(config.secret.bytes());
        let outside = (config.outside.clone(), tuning.provider_documents);
        let seal = Seal::new(&config.sealing_keys.iter().map(Secret::bytes).collect::<Vec<_>>());
        let kept = (seal.clone(), codes.clone());
        Ok(Self {
            directory: Directory::new(database.clone()),
            search: search::connect(&config.search, database.clone(), clock.clone())?,
            signer: Signer::new(&config.signing_keys_pem, config.public_url.to_string())?,
            passwords: Passwords::new(tuning.password_hashes_at_once),
            sessions: Sessions::new(database.clone(), tuning.session_cached_for),
            customer_sessions: CustomerSessions::new(tuning.session_cached_for),
            limiter: Limiter::new(redis.clone(), tuning.limits_answer_within).times(tuning.limits_factor),
            carts: CartStore::with_timeout(redis.clone(), clock.clone(), tuning.carts_answer_within),
            gateways: Gateways::new(),
            order_links: OrderLinks::new(config.secret.bytes()),
            providers: Providers::new(config.identity_providers.clone(), &config.public_url.to_string(), outside, kept),
            codes,
            key_uses: KeyUses::default(),
            seal,
            kept_answers: KeptAnswers::new(tuning.kept_answers_mib),
            objects: Objects::open(&config.media).context("STOA_MEDIA_DIR or STOA_MEDIA_S3_*")?,
            uploads: Uploads::default(),
            requests: TaskTracker::new(),
            config: Arc::new(config),
            database,
            redis,
            clock,
        })
    }

    /// What second factors are checked with.
    pub fn means(&self) -> Means<'_> {
        Means { seal: &self.seal, clock: &self.clock }
    }
}

/// Connects on first use and again after each loss, so that the process starts without Redis too.
fn open_redis(url: &str) -> redis::RedisResult<ConnectionManager> {
    let patience = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(Duration::from_secs(1)))
        .set_response_timeout(Some(Duration::from_secs(1)))
        .set_number_of_retries(1);
    ConnectionManager::new_lazy_with_config(redis::Client::open(url)?, patience)
}
