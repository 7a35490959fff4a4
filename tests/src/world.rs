//! A whole platform for one test: a database of its own, the api in this process without sockets, the worker on demand.
//!
//! A test that leaves facts behind has not looked at what follows from what it did, and fails: end it with
//! [`World::run_jobs`], or say that it does not care with [`World::leave_facts`].

use std::{path::PathBuf, sync::Arc, time::Duration};

use api::{
    Config, Limiter, State,
    config::{Secret, Tuning},
};
use chrono::{DateTime, Utc};
use commerce::{
    clock::Clock,
    identity::{oauth::Configured, operators::Enrolled, second_factors::totp},
    media::{MediaConfig, Renderer},
    outside::Outside,
    payments::Gateways,
};
use salvo::Service;
use search::SearchConfig;
use serde_json::Value;
use sqlx::PgConnection;
use tenancy::{Database, DatabaseConfig, TenantDb, TenantTx, telemetry::TelemetryConfig};
use worker::{Ctx, Drained, Links};

use crate::{
    authenticator::Authenticator,
    caller::{Caller, Sibling},
    database::{TestDatabase, execute, texts},
    invariants,
    mailbox::Mailbox,
    settings,
    store::{self, Colleague, Store},
};

/// Where the platform of a test lives; a store answers on `{slug}.stoa.test`.
pub const HOST: &str = "stoa.test";

/// A key made for tests and used nowhere else.
pub(crate) const SIGNING_KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIFRlc3RzIHNpZ24gd2l0aCB0aGlzIGtleSBhbmQgbm8g
-----END PRIVATE KEY-----
";

/// What tests seal and sign with, in base64.
pub(crate) const SECRET: &str = "dGVzdHMgc2VhbCBhbmQgc2lnbiB3aXRoIHRoaXMgdGV4dCBvbmx5";

pub struct World {
    pub state: State,
    pub ctx: Ctx,
    pub clock: Clock,
    pub mailbox: Arc<Mailbox>,
    service: Arc<Service>,
    database: Option<TestDatabase>,
    may_leave_facts: bool,
}

impl World {
    /// A platform that runs on the machine's clock.
    pub async fn new() -> Self {
        Self::with(Clock::system(), 1).await
    }

    /// A platform whose plans allow a hundred times as many requests, for tests that ask everything of one store.
    pub async fn with_high_limits() -> Self {
        Self::with(Clock::system(), 100).await
    }

    /// A platform whose clock stands still until the test moves it.
    pub async fn at(time: &str) -> Self {
        let time: DateTime<Utc> = time.parse().expect("a time such as 2026-03-01T12:00:00Z");
        Self::with(Clock::fixed(time), 1).await
    }

    /// A platform that offers providers (`STOA_IDENTITY_PROVIDERS`) which may be on this machine.
    pub async fn offering(providers: &Value) -> Self {
        Self::configured(Clock::system(), 1, |config| {
            config.outside = Outside::new(HOST, true).expect("a client");
            config.identity_providers = Configured::read(&providers.to_string(), &config.outside).expect("a configuration");
            config.tuning.provider_documents.refetched_after = Duration::from_secs(1);
        })
        .await
    }

    /// A platform that may call addresses on this machine, as if they were on the public internet.
    pub async fn calling_itself() -> Self {
        Self::configured(Clock::system(), 1, |config| config.outside = Outside::new(HOST, true).expect("a client")).await
    }

    /// A platform that keeps its pictures elsewhere than in a folder.
    pub async fn keeping_pictures_in(media: MediaConfig) -> Self {
        Self::configured(Clock::system(), 1, |config| config.media = media).await
    }

    async fn with(clock: Clock, limits_factor: u32) -> Self {
        Self::configured(clock, limits_factor, |_| {}).await
    }

    async fn configured(clock: Clock, limits_factor: u32, configure: impl FnOnce(&mut Config)) -> Self {
        let test_database = TestDatabase::create().await;
        let mut config = config(&test_database);
        configure(&mut config);
        let database = Database::connect(&config.database).await.expect("the database of this test");
        let client = redis::Client::open(settings::redis_url()).expect("STOA_TEST_REDIS_URL is a Redis address");
        let redis = redis::aio::ConnectionManager::new(client).await.expect("the Redis of STOA_TEST_REDIS_URL answers");
        let mut state = State::new(config, database.clone(), Some(redis), clock.clone()).expect("a state");
        // Buckets of this world alone: the keys of sign-in limits hold addresses, which all tests share.
        state.limiter = Limiter::new(None, state.config.tuning.limits_answer_within).times(limits_factor);
        let mailbox = Arc::new(Mailbox::default());
        let ctx = Ctx {
            directory: state.directory.clone(),
            redis: state.redis.clone(),
            clock: clock.clone(),
            search: search::connect(&SearchConfig::default(), database.clone(), clock.clone()).expect("Postgres serves search"),
            gateways: Gateways::new(),
            mailer: mailbox.clone(),
            links: Links::new(&state.config.public_url.to_string(), state.config.secret.bytes()).expect("links"),
            objects: state.objects.clone(),
            renderer: Renderer::default(),
            outside: state.config.outside.clone(),
            database,
        };
        let service = Arc::new(api::service(state.clone()));
        Self { state, ctx, clock, mailbox, service, database: Some(test_database), may_leave_facts: false }
    }

    /// Opens a store in EUR with prices that include tax, and signs its owner in.
    pub async fn tenant(&self, slug: &str) -> Store {
        store::open(self, slug, "EUR", "DE", true).await
    }

    /// Opens a store of another currency and country.
    pub async fn tenant_in(&self, slug: &str, currency: &str, country: &str, prices_include_tax: bool) -> Store {
        store::open(self, slug, currency, country, prices_include_tax).await
    }

    /// A guest on a store's own host. Paths are relative to `/storefront/v1`.
    pub fn shopper(&self, store: &Store) -> Caller {
        Caller::new(self.service.clone(), &format!("{}.{HOST}", store.slug), "/storefront/v1")
    }

    /// The owner of a store. Paths are relative to `/vendor/v1`.
    pub fn vendor(&self, store: &Store) -> Caller {
        self.anybody("/vendor/v1").with_token(&store.access_token)
    }

    /// As if the store's owner had brought the code back that proves their address.
    pub async fn prove_address(&self, store: &Store) {
        let sql = format!("UPDATE accounts SET email_verified_at = now() WHERE email = '{}'", store.email);
        execute(&mut self.superuser().await, &sql).await;
    }

    /// Gives a store another member, with a built-in role's word or the id of one of its own, and signs them in.
    pub async fn employ(&self, store: &Store, name: &str, role: &str) -> Colleague {
        store::employ(self, store, name, role).await
    }

    /// A member of a store. Paths are relative to `/vendor/v1`.
    pub fn colleague(&self, colleague: &Colleague) -> Caller {
        self.anybody("/vendor/v1").with_token(&colleague.access_token)
    }

    /// A caller without credentials on the platform's own host.
    pub fn anybody(&self, base: &'static str) -> Caller {
        Caller::new(self.service.clone(), HOST, base)
    }

    /// Makes an operator and signs in. Paths are relative to `/platform/v1`.
    pub async fn operator(&self) -> Caller {
        store::operator(self).await
    }

    /// Makes an operator and does not sign in.
    pub async fn add_operator(&self, email: &str, password: &str) -> Enrolled {
        store::add_operator(self, (email, password)).await
    }

    /// An authenticator with a secret (base32).
    pub fn authenticator(&self, secret: &str) -> Authenticator {
        let secret = totp::Secret::from_base32(secret).expect("a secret");
        Authenticator::new(secret, self.clock.clone())
    }

    /// Another api process of the same platform, with pools and memory of its own ([`Caller::at`]).
    pub async fn sibling(&self) -> Sibling {
        self.sibling_with(|_| {}).await
    }

    /// [`World::sibling`], tuned otherwise.
    pub async fn sibling_with(&self, tune: impl FnOnce(&mut Tuning)) -> Sibling {
        let mut config = (*self.state.config).clone();
        tune(&mut config.tuning);
        let database = Database::connect(&config.database).await.expect("the database of this test");
        let mut state = State::new(config, database, self.state.redis.clone(), self.clock.clone()).expect("a state");
        // Without Redis each process counts for itself.
        state.limiter = Limiter::new(None, state.config.tuning.limits_answer_within);
        Sibling(Arc::new(api::service(state)))
    }

    /// The database as the api sees it inside a store.
    pub fn db(&self, store: &Store) -> TenantDb {
        self.state.database.tenant(store.id)
    }

    /// A transaction inside a store.
    pub async fn begin(&self, store: &Store) -> TenantTx {
        self.db(store).begin().await.expect("a transaction")
    }

    /// A connection that sees everything: for looking behind the product's back, never for what the product should do.
    pub async fn superuser(&self) -> PgConnection {
        self.test_database().superuser().await
    }

    /// The address of this world's database for a role, for tests that start processes.
    pub fn database_url(&self, role: &str) -> String {
        self.test_database().url(role)
    }

    /// Where the files of this world's pictures lie.
    pub fn media_folder(&self) -> PathBuf {
        media_folder(self.test_database().name())
    }

    /// Relays every fact, runs every job that follows, to the end, and checks the invariants.
    ///
    /// A job that fails fails the test: use [`World::try_jobs`] where it should.
    pub async fn run_jobs(&self) -> Drained {
        let drained = self.try_jobs().await;
        assert!(drained.failed.is_empty(), "jobs failed: {:?}", drained.failed);
        let mut superuser = self.superuser().await;
        let broken = invariants::broken(&mut superuser, true).await;
        assert!(broken.is_empty(), "after every job had ended:\n{}", broken.join("\n"));
        drained
    }

    /// [`World::run_jobs`] without asserting anything.
    pub async fn try_jobs(&self) -> Drained {
        worker::drain(&self.ctx).await.expect("the worker can drain")
    }

    /// Asks the invariants that hold at any moment.
    pub async fn check(&self) {
        let mut superuser = self.superuser().await;
        let broken = invariants::broken(&mut superuser, false).await;
        assert!(broken.is_empty(), "{}", broken.join("\n"));
    }

    /// How many SQL statements some work sends.
    pub async fn count_statements<T>(&self, work: impl Future<Output = T>) -> (u64, T) {
        let before = self.state.database.statements();
        let done = work.await;
        (self.state.database.statements() - before, done)
    }

    /// This test is not about what follows.
    pub fn leave_facts(&mut self) {
        self.may_leave_facts = true;
    }

    fn test_database(&self) -> &TestDatabase {
        self.database.as_ref().expect("taken only by drop")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let Some(test_database) = self.database.take() else { return };
        let looks = !self.may_leave_facts && !std::thread::panicking();
        // A runtime of its own: the test's may be a single thread, which stands in this very drop.
        let ended = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let unhandled = if looks {
                    let mut superuser = test_database.superuser().await;
                    texts(&mut superuser, "SELECT code || ' × ' || count(*) FROM facts WHERE relayed_at IS NULL GROUP BY code ORDER BY 1")
                        .await
                } else {
                    Vec::new()
                };
                let _gone = std::fs::remove_dir_all(media_folder(test_database.name()));
                test_database.remove().await;
                unhandled
            })
        });
        let unhandled = ended.join().unwrap_or_default();
        if !std::thread::panicking() {
            assert!(unhandled.is_empty(), "facts were left unhandled (end with `run_jobs`): {}", unhandled.join(", "));
        }
    }
}

/// Where the pictures of a world lie.
fn media_folder(database: &str) -> PathBuf {
    std::env::temp_dir().join(format!("stoa-tests-media-{database}"))
}

fn config(database: &TestDatabase) -> Config {
    Config {
        database: DatabaseConfig {
            app_url: database.url("stoa_app"),
            platform_url: database.url("stoa_platform"),
            app_connections: 8,
            platform_connections: 4,
            application_name: "stoa-test",
        },
        redis_url: Some(settings::redis_url()),
        search: SearchConfig::default(),
        listen: ([127, 0, 0, 1], 0).into(),
        internal_listen: ([127, 0, 0, 1], 0).into(),
        public_url: format!("http://{HOST}").parse().expect("an address"),
        secret: Secret::from_base64(SECRET).expect("long enough"),
        sealing_keys: vec![Secret::from_base64(SECRET).expect("long enough")],
        signing_keys_pem: vec![SIGNING_KEY.to_owned()],
        trusted_proxies: Vec::new(),
        outside: Outside::new(HOST, false).expect("a client"),
        media: MediaConfig::Folder(media_folder(database.name())),
        pictures_at: format!("http://{HOST}").into(),
        identity_providers: Configured::default(),
        telemetry: TelemetryConfig { filter: "warn".to_owned(), otlp_endpoint: None },
        tuning: Tuning::default(),
    }
}
