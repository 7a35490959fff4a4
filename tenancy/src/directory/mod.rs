//! Who answers on a host and whom a key belongs to.
//!
//! Every request asks, so answers are cached for a minute. A change is announced by Postgres (`NOTIFY stoa_tenants`) to
//! every process, which then forgets at once; while a process cannot hear announcements it caches nothing.

mod lookup;
mod watch;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use moka::sync::Cache;
use sea_orm::DbErr;

use crate::{ApiKeyId, Database, Permission, Plan, TenantId};

pub use watch::announce;

const CACHED_FOR: Duration = Duration::from_mins(1);
const CACHED_AT_MOST: u64 = 50_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantStatus {
    Active,
    Suspended,
}

/// What every request needs to know of the store it is for.
#[derive(Clone, Debug)]
pub struct Tenant {
    pub id: TenantId,
    pub slug: String,
    pub name: String,
    pub status: TenantStatus,
    pub plan: Plan,
    /// ISO 4217 code of the main currency.
    pub currency: String,
    pub currencies: Vec<String>,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub time_zone: String,
    pub prices_include_tax: bool,
    pub reservation_minutes: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    Publishable,
    Secret,
}

/// A key that is valid now.
#[derive(Clone, Debug)]
pub struct Key {
    pub id: ApiKeyId,
    pub tenant: Arc<Tenant>,
    pub kind: KeyKind,
    pub scopes: Vec<Permission>,
    /// The pages (scheme, host, port) from which browsers may send it; none: any.
    pub origins: Vec<String>,
    /// When it ends, which may come while it is cached.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Key {
    /// Whether a page of this origin may send it.
    pub fn is_for(&self, origin: &str) -> bool {
        self.origins.is_empty() || self.origins.iter().any(|known| known.eq_ignore_ascii_case(origin))
    }
}

#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    #[error("no store answers here")]
    Unknown,
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// Cheap to clone; clones share their cache.
#[derive(Clone)]
pub struct Directory {
    inner: Arc<Inner>,
}

struct Inner {
    database: Database,
    hosts: Cache<String, Arc<Tenant>>,
    tenants: Cache<TenantId, Arc<Tenant>>,
    keys: Cache<[u8; 32], Arc<Key>>,
    hears: AtomicBool,
    /// Raised by each change, so that an answer read before a change is not kept after it.
    changes: AtomicU64,
}

impl Directory {
    /// Starts with an empty cache and a task that listens for changes; the task ends with the last clone.
    pub fn new(database: Database) -> Self {
        let cache = || Cache::builder().max_capacity(CACHED_AT_MOST).time_to_live(CACHED_FOR);
        let inner = Inner {
            database,
            hosts: cache().build(),
            tenants: Cache::builder().max_capacity(CACHED_AT_MOST).time_to_live(CACHED_FOR).build(),
            keys: Cache::builder().max_capacity(CACHED_AT_MOST).time_to_live(CACHED_FOR).build(),
            hears: AtomicBool::new(false),
            changes: AtomicU64::new(0),
        };
        let directory = Self { inner: Arc::new(inner) };
        watch::start(Arc::downgrade(&directory.inner));
        directory
    }

    /// The tenant that answers on a host name (without port, in any case).
    ///
    /// # Errors
    /// `Unknown` when no store answers there.
    pub async fn by_host(&self, host: &str) -> Result<Arc<Tenant>, DirectoryError> {
        let host = host.to_ascii_lowercase();
        if let Some(tenant) = self.inner.hosts.get(&host) {
            return Ok(tenant);
        }
        let seen = self.inner.changes.load(Ordering::Acquire);
        let tenant = Arc::new(lookup::by_host(&self.inner.database, &host).await?.ok_or(DirectoryError::Unknown)?);
        self.inner.keep(&self.inner.hosts, &host, &tenant, seen);
        Ok(tenant)
    }

    /// # Errors
    /// `Unknown` when there is no such tenant.
    pub async fn by_id(&self, id: TenantId) -> Result<Arc<Tenant>, DirectoryError> {
        if let Some(tenant) = self.inner.tenants.get(&id) {
            return Ok(tenant);
        }
        let seen = self.inner.changes.load(Ordering::Acquire);
        let tenant = Arc::new(lookup::by_id(&self.inner.database, id).await?.ok_or(DirectoryError::Unknown)?);
        self.inner.keep(&self.inner.tenants, &id, &tenant, seen);
        Ok(tenant)
    }

    /// The store's key of this text, as of `now`.
    ///
    /// # Errors
    /// `Unknown` when the key never existed, was revoked, or has expired.
    pub async fn by_key(&self, key: &str, now: DateTime<Utc>) -> Result<Arc<Key>, DirectoryError> {
        let key = self.by_key_hash(hash_of(key)).await?;
        if key.expires_at.is_some_and(|end| end <= now) { Err(DirectoryError::Unknown) } else { Ok(key) }
    }

    async fn by_key_hash(&self, hash: [u8; 32]) -> Result<Arc<Key>, DirectoryError> {
        if let Some(key) = self.inner.keys.get(&hash) {
            return Ok(key);
        }
        let seen = self.inner.changes.load(Ordering::Acquire);
        let key = Arc::new(lookup::by_key_hash(&self.inner.database, &hash).await?.ok_or(DirectoryError::Unknown)?);
        self.inner.keep(&self.inner.keys, &hash, &key, seen);
        Ok(key)
    }

    /// A number that is another one after each change of what the tenant's shoppers are shown: what was read under it may be
    /// kept for as long as it stands. A commit in this process has changed it by the time that it is acknowledged, one in
    /// another process as soon as its facts are announced. None while announcements cannot be heard.
    pub fn revision(&self, tenant: TenantId) -> Option<u64> {
        self.inner.hears.load(Ordering::Acquire).then(|| self.inner.database.revisions().of(tenant))
    }

    /// Forgets everything here, now. Other processes hear of it by [`announce`].
    pub fn forget(&self) {
        self.inner.forget();
    }
}

impl Inner {
    /// Keeps an answer, unless a change was announced since it was asked for, or changes cannot be heard.
    fn keep<K, V>(&self, cache: &Cache<K, Arc<V>>, key: &K, value: &Arc<V>, seen: u64)
    where
        K: std::hash::Hash + Eq + Clone + Send + Sync + 'static,
        V: Send + Sync + 'static,
    {
        if !self.hears.load(Ordering::Acquire) {
            return;
        }
        cache.insert(key.clone(), value.clone());
        if self.changes.load(Ordering::Acquire) != seen {
            cache.invalidate(key);
        }
    }

    fn forget(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.hosts.invalidate_all();
        self.tenants.invalidate_all();
        self.keys.invalidate_all();
        self.database.revisions().raise_all();
    }
}

/// How a key is stored: SHA-256 of its text. Keys carry 256 random bits, so a slow hash would add nothing.
pub fn hash_of(key: &str) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, key.as_bytes());
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    hash
}
