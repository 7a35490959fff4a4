use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use moka::sync::Cache;

use super::{Bucket, Taken};

const KEPT_AT_MOST: u64 = 100_000;
const KEPT_IDLE_FOR: Duration = Duration::from_mins(10);

/// The same bucket in this process: when the next token that is not yet there would arrive.
#[derive(Clone)]
pub(super) struct Local {
    started: Instant,
    arrivals: Cache<String, Arc<Mutex<Duration>>>,
}

impl Local {
    pub(super) fn new() -> Self {
        let arrivals = Cache::builder().max_capacity(KEPT_AT_MOST).time_to_idle(KEPT_IDLE_FOR).build();
        Self { started: Instant::now(), arrivals }
    }

    pub(super) fn take(&self, bucket: Bucket, key: &str) -> Taken {
        let cell = self.arrivals.get_with_by_ref(key, Arc::default);
        let mut arrival = cell.lock().unwrap_or_else(PoisonError::into_inner);
        let (next, taken) = gcra(*arrival, self.started.elapsed(), bucket);
        *arrival = next;
        taken
    }
}

fn gcra(arrival: Duration, now: Duration, bucket: Bucket) -> (Duration, Taken) {
    let arrival = arrival.max(now);
    let next = arrival + bucket.every;
    let ahead = next.saturating_sub(now);
    let in_use = ahead.as_nanos().div_ceil(bucket.every.as_nanos().max(1));
    let in_use = u64::try_from(in_use).unwrap_or(u64::MAX);
    if let Some(remaining) = u64::from(bucket.burst).checked_sub(in_use) {
        return (next, Taken { allowed: true, remaining, retry_after: Duration::ZERO, full_after: ahead });
    }
    let retry_after = ahead.saturating_sub(bucket.every * bucket.burst);
    (arrival, Taken { allowed: false, remaining: 0, retry_after, full_after: arrival.saturating_sub(now) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_one_each_interval() {
        let bucket = Bucket { name: "test", every: Duration::from_millis(100), burst: 5 };
        let mut arrival = Duration::ZERO;
        let mut at = |millis: u64| {
            let (next, taken) = gcra(arrival, Duration::from_millis(millis), bucket);
            arrival = next;
            taken
        };
        let remaining: Vec<u64> = (0..5).map(|_| at(0).remaining).collect();
        assert_eq!(remaining, [4, 3, 2, 1, 0]);
        let refused = at(0);
        assert!(!refused.allowed);
        assert_eq!(refused.retry_after, Duration::from_millis(100));
        assert!(!at(99).allowed);
        assert!(at(100).allowed);
        assert!(!at(100).allowed);
        assert_eq!(at(10_000).remaining, 4, "rest fills the bucket, and no more than the bucket");
    }
}
