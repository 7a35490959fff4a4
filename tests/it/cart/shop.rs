//! Two stores over one database, with a Redis server of their own that a test may kill.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use commerce::address::Address;
use commerce::cart::{CartStore, NewCart, NewLine};
use commerce::clock::Clock;
use commerce::ids::{ProductId, TenantId, VariantId};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use sqlx::PgConnection;
use tenancy::{Database, DatabaseConfig, TenantDb};
use tests::database::{TestDatabase, execute};

pub(crate) struct Shop {
    own: TestDatabase,
    pub(crate) database: Database,
    pub(crate) redis: OwnRedis,
    pub(crate) carts: CartStore,
    pub(crate) ada: TenantDb,
    pub(crate) bob: TenantDb,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        let own = TestDatabase::create().await;
        let config = DatabaseConfig {
            app_url: own.url("stoa_app"),
            platform_url: own.url("stoa_platform"),
            // Few: signing in costs more than what a test then asks.
            app_connections: 5,
            platform_connections: 2,
            application_name: "stoa-test",
        };
        let database = Database::connect(&config).await.expect("the database of this test");
        let redis = OwnRedis::start();
        // Patient: a busy machine must not look like a lost Redis.
        let carts = CartStore::with_timeout(Some(redis.connect()), clock(), Duration::from_secs(5));
        let [ada, bob] = [TenantId::new(), TenantId::new()].map(|tenant| database.tenant(tenant));
        let shop = Self { own, database, redis, carts, ada, bob };
        let mut superuser = shop.superuser().await;
        for (db, slug) in [(&shop.ada, "ada"), (&shop.bob, "bob")] {
            open_store(&mut superuser, db.tenant(), slug).await;
        }
        shop
    }

    pub(crate) async fn superuser(&self) -> PgConnection {
        self.own.superuser().await
    }

    /// A published product with one variant: 300 g, taxed, priced in EUR.
    pub(crate) async fn variant(&self, db: &TenantDb, minor: i64, on_hand: i32) -> VariantId {
        let (tenant, product, variant) = (db.tenant().uuid(), ProductId::new().uuid(), VariantId::new());
        let id = variant.uuid();
        let sql = format!(
            "INSERT INTO products (tenant_id, id, slug, title, description, status, published_at, created_at, updated_at)
             VALUES ('{tenant}', '{product}', 'mug-{product}', 'Mug', '', 'published', now(), now(), now());
             INSERT INTO variants (tenant_id, id, product_id, title, position, weight_grams, created_at, updated_at)
             VALUES ('{tenant}', '{id}', '{product}', 'Blue', 0, 300, now(), now());
             INSERT INTO prices (tenant_id, id, variant_id, currency, amount, created_at, updated_at)
             VALUES ('{tenant}', gen_random_uuid(), '{id}', 'EUR', {minor}, now(), now());
             INSERT INTO product_images (tenant_id, id, product_id, url, source_url, position)
             VALUES ('{tenant}', gen_random_uuid(), '{product}', 'https://img.example/mug.jpg', 'https://img.example/mug.jpg', 0);
             INSERT INTO stock_levels (tenant_id, id, variant_id, location_id, on_hand, backorder, created_at, updated_at)
             SELECT '{tenant}', gen_random_uuid(), '{id}', id, {on_hand}, 'deny', now(), now() FROM locations WHERE tenant_id = '{tenant}'"
        );
        execute(&mut self.superuser().await, &sql).await;
        variant
    }

    pub(crate) async fn close(self) {
        self.database.close().await;
        drop(self.redis);
        self.own.remove().await;
    }
}

async fn open_store(superuser: &mut PgConnection, tenant: TenantId, slug: &str) {
    let id = tenant.uuid();
    let sql = format!(
        "INSERT INTO tenants (id, slug, name, status, plan, created_at, updated_at)
         VALUES ('{id}', '{slug}', '{slug}', 'active', 'standard', now(), now());
         INSERT INTO store_settings (tenant_id, name, contact_email, currency, currencies, country, time_zone, prices_include_tax,
                                     reservation_minutes, created_at, updated_at)
         VALUES ('{id}', '{slug}', '{slug}@example.com', 'EUR', '{{EUR,USD}}', 'DE', 'Europe/Berlin', true, 15, now(), now());
         INSERT INTO locations (tenant_id, id, name, country, is_default, created_at, updated_at)
         VALUES ('{id}', gen_random_uuid(), 'Main', 'DE', true, now(), now());
         INSERT INTO tax_rates (tenant_id, id, country, tax_class, name, percent, created_at, updated_at)
         VALUES ('{id}', gen_random_uuid(), 'DE', 'standard', 'VAT', 19, now(), now())"
    );
    execute(superuser, &sql).await;
}

pub(crate) fn clock() -> Clock {
    Clock::system()
}

pub(crate) fn one(variant_id: VariantId, quantity: u32) -> NewCart {
    NewCart { currency: "EUR".parse().expect("a currency"), lines: vec![NewLine { variant_id, quantity }] }
}

pub(crate) fn address(country: &str) -> Address {
    Address {
        name: "Ada Lovelace".into(),
        company: None,
        line1: "Main Street 1".into(),
        line2: None,
        postcode: Some("10115".into()),
        city: "Berlin".into(),
        region: None,
        country: country.into(),
        phone: None,
    }
}

/// Sets the default way to ship of a store that was opened by hand.
pub(crate) async fn ships(db: &TenantDb) {
    let tx = db.begin().await.expect("a transaction");
    commerce::shipping::defaults(&tx, &clock(), "DE", "EUR".parse().expect("a currency")).await.expect("rules");
    tx.commit().await.expect("a commit");
}

/// A Redis that this test started, and alone may stop.
pub(crate) struct OwnRedis {
    port: u16,
    process: Option<Child>,
}

impl OwnRedis {
    fn start() -> Self {
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").expect("a Redis of this test").local_addr().expect("a Redis of this test").port();
        let mut redis = Self { port, process: None };
        redis.restart();
        redis
    }

    /// Starts it again, empty.
    pub(crate) fn restart(&mut self) {
        let port = self.port.to_string();
        let arguments = ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", "/tmp"];
        let process = Command::new("redis-server").args(arguments).stdout(Stdio::null()).spawn();
        self.process = Some(process.expect("redis-server is installed"));
        for _ in 0..500 {
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("redis-server did not answer");
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it was running");
            process.wait().expect("it ends");
        }
    }

    pub(crate) fn connect(&self) -> ConnectionManager {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}", self.port)).expect("a Redis of this test");
        let patience = ConnectionManagerConfig::new().set_number_of_retries(1).set_max_delay(Duration::from_millis(50));
        ConnectionManager::new_lazy_with_config(client, patience).expect("a Redis of this test")
    }

    pub(crate) async fn command(&self, words: &[&str]) -> redis::Value {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.query_async(&mut self.connect()).await.expect("a Redis of this test")
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        self.kill();
    }
}
