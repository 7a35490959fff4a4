//! Carts in Redis: one JSON value a cart, compared and set on its version, with a mark that it waits for its copy.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisError, Script};
use tenancy::TenantId;
use uuid::Uuid;

use super::content::Cart;
use crate::ids::CartId;

/// Carts whose copies are behind: `{tenant}:{cart}` scored by the second in which it fell behind.
const DIRTY: &str = "carts:dirty";
/// After this many time-outs or errors in a row Redis counts as away …
const FAILURES: u32 = 3;
/// … and is left alone this long, so that a request does not wait for it each time.
const BREAK: Duration = Duration::from_secs(1);

/// Redis did not answer in time, or was left alone because it had not answered before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Away;

pub(super) enum Saved {
    Done,
    /// Another edit came first; this is the cart it left, if it is still there.
    Conflict(Option<Box<Cart>>),
}

#[derive(Clone)]
pub(super) struct Keep {
    redis: Option<ConnectionManager>,
    timeout: Duration,
    breaker: Arc<Breaker>,
}

impl Keep {
    /// Without `redis` it is away for ever.
    pub(super) fn new(redis: Option<ConnectionManager>, timeout: Duration) -> Self {
        Self { redis, timeout, breaker: Arc::new(Breaker::default()) }
    }

    /// Whether there is a Redis that does not answer now.
    pub(super) async fn is_away(&self, tenant: TenantId, id: CartId) -> bool {
        self.redis.is_some() && self.find(tenant, id).await.is_err()
    }

    pub(super) async fn find(&self, tenant: TenantId, id: CartId) -> Result<Option<Cart>, Away> {
        let mut redis = self.redis()?;
        let kept: Option<String> = self.ask(redis.get(key(tenant, id.uuid()))).await?;
        Ok(kept.as_deref().and_then(read))
    }

    /// Sets the cart if the version kept is `known` (0: none), and marks it for copying, in one step.
    pub(super) async fn save(&self, tenant: TenantId, cart: &Cart, json: &str, known: i64, ttl: Duration) -> Result<Saved, Away> {
        let id = cart.id.uuid();
        let mut script = SAVE.prepare_invoke();
        script.key(key(tenant, id)).key(DIRTY).arg(known).arg(json).arg(ttl.as_secs()).arg(member(tenant, id));
        let mut redis = self.redis()?;
        match self.ask(script.invoke_async::<(bool, Option<String>)>(&mut redis)).await? {
            (true, _) => Ok(Saved::Done),
            (false, kept) => Ok(Saved::Conflict(kept.as_deref().and_then(read).map(Box::new))),
        }
    }

    /// Brings back a cart from its copy, unless a version as late is kept. Fails silently: the copy is still there.
    pub(super) async fn restore(&self, tenant: TenantId, cart: &Cart, json: &str, ttl: Duration) {
        let mut script = RESTORE.prepare_invoke();
        script.key(key(tenant, cart.id.uuid())).arg(cart.version()).arg(json).arg(ttl.as_secs());
        if let Ok(mut redis) = self.redis() {
            let _ = self.ask(script.invoke_async::<()>(&mut redis)).await;
        }
    }

    /// A connection to ask by, unless Redis counts as away.
    fn redis(&self) -> Result<ConnectionManager, Away> {
        self.redis.clone().filter(|_| !self.breaker.is_open()).ok_or(Away)
    }

    async fn ask<T>(&self, command: impl Future<Output = Result<T, RedisError>>) -> Result<T, Away> {
        match tokio::time::timeout(self.timeout, command).await {
            Ok(Ok(answer)) => {
                self.breaker.succeeded();
                Ok(answer)
            }
            Ok(Err(error)) => {
                if !error.is_io_error() && !error.is_timeout() {
                    tracing::error!(%error, "Redis refused a cart's command");
                }
                Err(self.breaker.failed(&error))
            }
            Err(late) => Err(self.breaker.failed(&late)),
        }
    }
}

/// A cart that waits for its copy; without `cart` there is nothing left to copy.
pub(super) struct Dirty {
    pub(super) tenant: TenantId,
    id: Uuid,
    member: String,
    pub(super) cart: Option<Cart>,
}

/// The carts that wait longest.
pub(super) async fn dirty(redis: &mut ConnectionManager, limit: usize) -> Result<Vec<Dirty>, RedisError> {
    let last = isize::try_from(limit).unwrap_or(isize::MAX) - 1;
    let members: Vec<String> = redis.zrange(DIRTY, 0, last).await?;
    let mut waiting = Vec::with_capacity(members.len());
    for member in members {
        let ids = member.split_once(':').and_then(|(tenant, cart)| Some((tenant.parse::<Uuid>().ok()?, cart.parse::<Uuid>().ok()?)));
        match ids {
            Some((tenant, id)) => waiting.push(Dirty { tenant: TenantId::from_uuid(tenant), id, member, cart: None }),
            None => redis.zrem(DIRTY, member).await?,
        }
    }
    if waiting.is_empty() {
        return Ok(waiting);
    }
    let keys: Vec<String> = waiting.iter().map(|dirty| key(dirty.tenant, dirty.id)).collect();
    let kept: Vec<Option<String>> = redis.mget(keys).await?;
    for (dirty, kept) in waiting.iter_mut().zip(kept) {
        dirty.cart = kept.as_deref().and_then(read);
    }
    Ok(waiting)
}

/// Takes the mark off the carts that have not changed since they were read.
pub(super) async fn clean(redis: &mut ConnectionManager, copied: &[Dirty]) -> Result<(), RedisError> {
    let mut script = CLEAN.prepare_invoke();
    script.key(DIRTY);
    for dirty in copied {
        let version = dirty.cart.as_ref().map_or(0, Cart::version);
        script.key(key(dirty.tenant, dirty.id)).arg(dirty.member.as_str()).arg(version);
    }
    script.invoke_async(redis).await
}

/// Sends the carts to the end of the queue.
pub(super) async fn postpone(redis: &mut ConnectionManager, failed: &[Dirty]) -> Result<(), RedisError> {
    let mut script = POSTPONE.prepare_invoke();
    script.key(DIRTY);
    for dirty in failed {
        script.arg(dirty.member.as_str());
    }
    script.invoke_async(redis).await
}

fn key(tenant: TenantId, id: Uuid) -> String {
    format!("cart:{}:{id}", tenant.uuid())
}

fn member(tenant: TenantId, id: Uuid) -> String {
    format!("{}:{id}", tenant.uuid())
}

/// A value that cannot be read counts as lost: the copy stands in.
fn read(json: &str) -> Option<Cart> {
    serde_json::from_str(json).inspect_err(|error| tracing::error!(%error, "A cart in Redis cannot be read")).ok()
}

#[derive(Default)]
struct Breaker {
    failures: AtomicU32,
    /// Milliseconds since `START`.
    open_until: AtomicU64,
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Breaker {
    fn is_open(&self) -> bool {
        millis(START.elapsed()) < self.open_until.load(Ordering::Relaxed)
    }

    fn succeeded(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    fn failed(&self, reason: &dyn std::fmt::Display) -> Away {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if failures >= FAILURES {
            self.open_until.store(millis(START.elapsed() + BREAK), Ordering::Relaxed);
        }
        if failures == FAILURES {
            tracing::warn!(%reason, "Redis is away: carts are edited in their copies");
        }
        Away
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// KEYS cart, dirty set. ARGV version that must be kept, JSON, seconds to live, member of the dirty set.
static SAVE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r#"
        local head = redis.call('GETRANGE', KEYS[1], 0, 31)
        local version = tonumber(string.match(head, '^{"version":(%d+)') or 0)
        if version ~= tonumber(ARGV[1]) then return {0, redis.call('GET', KEYS[1])} end
        redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
        redis.call('ZADD', KEYS[2], 'NX', redis.call('TIME')[1], ARGV[4])
        return {1, false}
        "#,
    )
});

/// KEYS cart. ARGV its version, JSON, seconds to live.
static RESTORE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r#"
        local head = redis.call('GETRANGE', KEYS[1], 0, 31)
        local version = tonumber(string.match(head, '^{"version":(%d+)') or 0)
        if version < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end
        "#,
    )
});

/// KEYS dirty set, carts. ARGV member and copied version of each cart.
static CLEAN: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r#"
        for i = 2, #KEYS do
          local head = redis.call('GETRANGE', KEYS[i], 0, 31)
          local version = tonumber(string.match(head, '^{"version":(%d+)') or 0)
          if version <= tonumber(ARGV[2 * i - 2]) then redis.call('ZREM', KEYS[1], ARGV[2 * i - 3]) end
        end
        "#,
    )
});

/// KEYS dirty set. ARGV members.
static POSTPONE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local now = redis.call('TIME')[1]
        for i = 1, #ARGV do redis.call('ZADD', KEYS[1], 'XX', now, ARGV[i]) end
        ",
    )
});
