use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use redis::{Script, aio::ConnectionManager};

use super::{Bucket, Taken};

/// One call, by the server's clock. ARGV: microseconds a token takes, burst.
static GCRA: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local t = redis.call('TIME'); local now = t[1]*1000000 + t[2]
        local emission, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
        local tat = tonumber(redis.call('GET', KEYS[1]) or now); if tat < now then tat = now end
        local new_tat = tat + emission; local allow_at = new_tat - emission*burst
        if now < allow_at then return {0, 0, math.ceil((allow_at-now)/1000), math.ceil((tat-now)/1000)} end
        redis.call('SET', KEYS[1], string.format('%.0f', new_tat), 'PX', math.ceil((new_tat-now)/1000))
        return {1, math.floor((now-allow_at)/emission), 0, math.ceil((new_tat-now)/1000)}",
    )
});

/// After a failure Redis is left alone for this long: while it is away, waiting for each time-out would cost every request.
const REST: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(super) struct Shared {
    redis: ConnectionManager,
    answers_within: Duration,
    started: Instant,
    /// Milliseconds after `started` before which Redis is not asked.
    rests_until: Arc<AtomicU64>,
}

impl Shared {
    pub(super) fn new(redis: ConnectionManager, answers_within: Duration) -> Self {
        Self { redis, answers_within, started: Instant::now(), rests_until: Arc::default() }
    }

    /// None when Redis does not answer in time.
    pub(super) async fn take(&self, bucket: Bucket, key: &str) -> Option<Taken> {
        if self.now() < self.rests_until.load(Ordering::Relaxed) {
            return None;
        }
        let mut redis = self.redis.clone();
        let emission = u64::try_from(bucket.every.as_micros()).unwrap_or(u64::MAX).max(1);
        let mut call = GCRA.key(key);
        let asked = call.arg(emission).arg(bucket.burst).invoke_async::<(u8, u64, u64, u64)>(&mut redis);
        match tokio::time::timeout(self.answers_within, asked).await {
            Ok(Ok((allowed, remaining, retry, reset))) => Some(Taken {
                allowed: allowed == 1,
                remaining,
                retry_after: Duration::from_millis(retry),
                full_after: Duration::from_millis(reset),
            }),
            Ok(Err(error)) => self.rest(&error.to_string()),
            Err(_) => self.rest("no answer in time"),
        }
    }

    fn rest(&self, why: &str) -> Option<Taken> {
        let until = self.now() + u64::try_from(REST.as_millis()).unwrap_or(0);
        self.rests_until.store(until, Ordering::Relaxed);
        tracing::warn!(error = why, "Redis does not count limits; this process counts for itself");
        None
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
