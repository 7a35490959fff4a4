//! A database for each test, copied from a template that is migrated once.
//!
//! A database and not a schema or a transaction rolled back: policies, roles, notifications and `COMMIT` stay as they are
//! in production. The template's name is a hash of the migrations, so it is made anew exactly when they change.

use std::hash::{DefaultHasher, Hasher};
use std::path::Path;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

use migrations::bootstrap::{self, Addresses};
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, postgres::PgConnectOptions};
use tokio::sync::OnceCell;

use crate::settings;

/// One lock for everybody who makes or sweeps databases on this server.
const LOCK: i64 = 0x5374_6f61;
static TEMPLATE: OnceCell<String> = OnceCell::const_new();
static COUNT: AtomicU32 = AtomicU32::new(0);

/// A migrated, empty database. Whoever made it calls [`TestDatabase::remove`]; what a killed run leaves is swept later.
pub struct TestDatabase {
    name: String,
}

impl TestDatabase {
    pub async fn create() -> Self {
        let template = TEMPLATE.get_or_init(prepare).await;
        let name = format!("stoa_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut server = server().await;
        execute(&mut server, &format!("CREATE DATABASE {name} TEMPLATE {template} OWNER stoa_owner")).await;
        Self { name }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address for a role of the product; in tests a role's password is its name.
    pub fn url(&self, role: &str) -> String {
        address(role, &self.name)
    }

    /// A superuser inside this database: sees everything, for looking behind the product's back.
    pub async fn superuser(&self) -> PgConnection {
        options().database(&self.name).connect().await.expect("the database of this test")
    }

    /// A plain connection as one of the product's roles.
    pub async fn connect(&self, role: &str) -> PgConnection {
        let options = PgConnectOptions::from_str(&self.url(role)).expect("an address").disable_statement_logging();
        options.connect().await.expect("a role of the product can sign in")
    }

    /// Drops the database, with whoever is still connected to it.
    pub async fn remove(self) {
        remove(&self.name).await;
    }
}

pub(crate) async fn remove(name: &str) {
    let mut server = server().await;
    execute(&mut server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
}

/// Runs one statement without parameters.
pub async fn execute(connection: &mut PgConnection, sql: &str) {
    if let Err(error) = try_execute(connection, sql).await {
        panic!("{error}\n  in: {sql}");
    }
}

/// Runs statements without parameters and says what Postgres thought of them.
///
/// # Errors
/// Postgres refused.
pub async fn try_execute(connection: &mut PgConnection, sql: &str) -> Result<u64, sqlx::Error> {
    Ok(sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await?.rows_affected())
}

/// The first column of every row, as text.
pub async fn texts(connection: &mut PgConnection, sql: &str) -> Vec<String> {
    let rows: Result<Vec<Option<String>>, _> = sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(connection).await;
    rows.unwrap_or_else(|error| panic!("{error}\n  in: {sql}")).into_iter().map(Option::unwrap_or_default).collect()
}

async fn prepare() -> String {
    let template = format!("stoa_template_{:016x}", hash_of_migrations());
    let mut server = server().await;
    execute(&mut server, &format!("SELECT pg_advisory_lock({LOCK})")).await;
    sweep(&mut server).await;
    let ready = texts(&mut server, &format!("SELECT datname::text FROM pg_database WHERE datname = '{template}' AND datistemplate")).await;
    if ready.is_empty() {
        make(&mut server, &template).await;
    }
    execute(&mut server, &format!("SELECT pg_advisory_unlock({LOCK})")).await;
    template
}

async fn make(server: &mut PgConnection, template: &str) {
    execute(server, &format!("DROP DATABASE IF EXISTS {template} WITH (FORCE)")).await;
    let [owner, app, platform] = ["stoa_owner", "stoa_app", "stoa_platform"].map(|role| address(role, template));
    let addresses = Addresses { owner: &owner, app: &app, platform: &platform };
    bootstrap::run(&settings::database_url(), &addresses).await.expect("the server can be prepared");
    migrations::up(&owner).await.expect("the migrations run on an empty database");
    // Nobody connects to it any more: a template in use cannot be copied.
    execute(server, &format!("ALTER DATABASE {template} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false")).await;
}

/// Drops what killed runs left: databases of processes that are gone, and templates of other migrations that are a day old.
async fn sweep(server: &mut PgConnection) {
    for name in texts(server, "SELECT datname::text FROM pg_database WHERE datname ~ '^stoa_test_[0-9]+_[0-9]+$'").await {
        let process = name.split('_').nth(2).unwrap_or_default();
        if Path::new("/proc/self").exists() && !Path::new("/proc").join(process).exists() {
            execute(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
    }
    let old = "SELECT datname::text FROM pg_database WHERE datname ~ '^stoa_template_' AND datistemplate
               AND (pg_stat_file('base/' || oid || '/PG_VERSION')).modification < now() - interval '1 day'";
    for name in texts(server, old).await {
        execute(server, &format!("ALTER DATABASE {name} WITH IS_TEMPLATE false")).await;
        execute(server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }
}

fn hash_of_migrations() -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/src")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the migrations are in the checkout").flatten() {
            if entry.path().is_dir() { folders.push(entry.path()) } else { files.push(entry.path()) }
        }
    }
    files.sort();
    for file in files {
        hasher.write(file.as_os_str().as_encoded_bytes());
        hasher.write(&std::fs::read(&file).expect("a migration is readable"));
    }
    hasher.finish()
}

fn options() -> PgConnectOptions {
    PgConnectOptions::from_str(&settings::database_url()).expect("STOA_TEST_DATABASE_URL is a Postgres address").disable_statement_logging()
}

async fn server() -> PgConnection {
    options().connect().await.expect("the Postgres of STOA_TEST_DATABASE_URL answers")
}

fn address(role: &str, database: &str) -> String {
    let options = options();
    format!("postgres://{role}:{role}@{}:{}/{database}", options.get_host(), options.get_port())
}
