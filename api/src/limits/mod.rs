//! How often: a token bucket (GCRA) for each tenant and class of routes by its plan, and for each client address where
//! passwords are tried. The buckets are in Redis, one round trip each; while Redis does not answer in time they are in this
//! process, so that nothing is ever unlimited.

mod local;
mod shared;

use std::time::Duration;

use redis::aio::ConnectionManager;
use salvo::{Response, http::HeaderValue};
use tenancy::{Plan, Rate, TenantId};

use self::{local::Local, shared::Shared};
use crate::{Problem, context::ClientAddress};

/// Routes that share a bucket.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Class {
    StorefrontReads,
    StorefrontWrites,
    Vendor,
}

impl Class {
    const fn as_str(self) -> &'static str {
        match self {
            Self::StorefrontReads => "storefront-reads",
            Self::StorefrontWrites => "storefront-writes",
            Self::Vendor => "vendor",
        }
    }

    fn rate(self, plan: Plan) -> Rate {
        let limits = plan.limits();
        match self {
            Self::StorefrontReads => limits.storefront_reads,
            Self::StorefrontWrites => limits.storefront_writes,
            Self::Vendor => limits.vendor,
        }
    }
}

/// Where one e-mail is named, or one person is asked for their password.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Door {
    Account,
    Customer,
    Operator,
    /// A new password is asked for: whoever cannot sign in, because others guess, still gets one.
    Reset,
}

/// A bucket: so many at once, and one more each `every`.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    name: &'static str,
    every: Duration,
    burst: u32,
}

impl Bucket {
    fn of(name: &'static str, rate: Rate) -> Self {
        Self { name, every: Duration::from_secs(1) / rate.per_second.max(1), burst: rate.burst.max(1) }
    }
}

/// Sign-in, refresh and store opening from one address.
const AUTH_BY_ADDRESS: Bucket = Bucket { name: "auth-address", every: Duration::from_secs(3), burst: 20 };
/// Passwords tried for one e-mail, from wherever.
const PASSWORDS_BY_EMAIL: Bucket = Bucket { name: "auth-email", every: Duration::from_secs(30), burst: 10 };
/// Strangers that one store has mails sent to, and how often one of them.
const INVITATIONS_BY_STORE: Bucket = Bucket { name: "invitations", every: Duration::from_mins(1), burst: 60 };
const INVITATIONS_BY_EMAIL: Bucket = Bucket { name: "invitations-email", every: Duration::from_mins(10), burst: 8 };

/// What a bucket answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Taken {
    allowed: bool,
    remaining: u64,
    retry_after: Duration,
    full_after: Duration,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Limiter {
    shared: Option<Shared>,
    local: Local,
    factor: u32,
}

impl Limiter {
    pub fn new(redis: Option<ConnectionManager>, answers_within: Duration) -> Self {
        Self { shared: redis.map(|redis| Shared::new(redis, answers_within)), local: Local::new(), factor: 1 }
    }

    /// The same with every plan's rates multiplied.
    #[must_use]
    pub fn times(self, factor: u32) -> Self {
        Self { factor, ..self }
    }

    pub(crate) async fn tenant(&self, tenant: TenantId, plan: Plan, class: Class) -> Decision {
        self.take(Bucket::of(class.as_str(), self.rate(plan, class)), &tenant.to_string()).await
    }

    /// What shoppers change, of which one client may have half: whoever plays a hundred shoppers does not close the store to the
    /// others. Half and not less, because all shoppers of a storefront that a server renders come from its one address.
    pub(crate) async fn shopper(&self, tenant: TenantId, plan: Plan, address: ClientAddress) -> Decision {
        let whole = self.rate(plan, Class::StorefrontWrites);
        let half = Rate { per_second: whole.per_second.div_ceil(2), burst: whole.burst.div_ceil(2) };
        let share = self.take(Bucket::of("storefront-writes-client", half), &format!("{tenant}:{}", address.limit_key())).await;
        if share.taken.allowed { self.tenant(tenant, plan, Class::StorefrontWrites).await } else { share }
    }

    fn rate(&self, plan: Plan, class: Class) -> Rate {
        let Rate { per_second, burst } = class.rate(plan);
        Rate { per_second: per_second.saturating_mul(self.factor), burst: burst.saturating_mul(self.factor) }
    }

    pub(crate) async fn auth_from(&self, address: ClientAddress) -> Decision {
        self.take(AUTH_BY_ADDRESS, &address.limit_key()).await
    }

    /// `email` is hashed before it becomes a key. Doors count for themselves: whoever guesses at one shuts no other.
    pub(crate) async fn password_for(&self, door: Door, email: &str) -> Decision {
        let hash = tenancy::directory::hash_of(&email.to_lowercase());
        self.take(PASSWORDS_BY_EMAIL, &format!("{door:?}:{}", hex::encode(&hash[..16]))).await
    }

    pub(crate) async fn invitations_of(&self, tenant: TenantId) -> Decision {
        self.take(INVITATIONS_BY_STORE, &tenant.to_string()).await
    }

    /// `email` is hashed before it becomes a key.
    pub(crate) async fn invitations_to(&self, tenant: TenantId, email: &str) -> Decision {
        let hash = tenancy::directory::hash_of(&format!("{tenant} {}", email.to_lowercase()));
        self.take(INVITATIONS_BY_EMAIL, &hex::encode(&hash[..16])).await
    }

    async fn take(&self, bucket: Bucket, whose: &str) -> Decision {
        let key = format!("limit:{}:{{{whose}}}", bucket.name);
        let shared = match &self.shared {
            Some(shared) => shared.take(bucket, &key).await,
            None => None,
        };
        Decision { bucket, taken: shared.unwrap_or_else(|| self.local.take(bucket, &key)) }
    }
}

/// Whether one more is allowed, and how the caller is told.
#[derive(Debug)]
#[must_use]
pub(crate) struct Decision {
    bucket: Bucket,
    taken: Taken,
}

impl Decision {
    /// Writes the `RateLimit` headers (draft-ietf-httpapi-ratelimit-headers).
    ///
    /// # Errors
    /// 429 with `Retry-After`.
    pub(crate) fn admit(self, res: &mut Response) -> Result<(), Problem> {
        let Self { bucket, taken } = self;
        let window = (bucket.every * bucket.burst).as_secs().max(1);
        let policy = format!("\"{}\";q={};w={window}", bucket.name, bucket.burst);
        let waits = if taken.allowed { taken.full_after } else { taken.retry_after };
        let state = format!("\"{}\";r={};t={}", bucket.name, taken.remaining, waits.as_millis().div_ceil(1000));
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", state)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                res.headers_mut().insert(name, value);
            }
        }
        if taken.allowed {
            return Ok(());
        }
        metrics::counter!("stoa_requests_limited_total", "bucket" => bucket.name).increment(1);
        Err(Problem::too_many(taken.retry_after))
    }
}
