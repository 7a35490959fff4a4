//! Whether the sign-in behind an access token still stands, and with which permissions. For what reads, the database is asked once in a
//! while and not once a request: a token outlives a sign-out or a lost role by that while, not by its own lifetime. For what changes
//! something it is asked each time: what a session does after its end would outlast that while.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use commerce::{
    identity::{self, Standing},
    ids::SupportSessionId,
    stores::support,
};
use moka::future::Cache;
use salvo::Request;
use tenancy::{Database, TenantId};
use uuid::Uuid;

use crate::{Problem, signer::Claims};

const CACHED_AT_MOST: u64 = 100_000;

/// What a request is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    Read,
    Write,
}

impl Intent {
    pub(crate) fn of(req: &Request) -> Self {
        if req.method().is_safe() { Self::Read } else { Self::Write }
    }
}

#[derive(Clone)]
pub struct Sessions {
    database: Database,
    standing: Cache<Uuid, Option<Standing>>,
    /// Raised by each change here, so that an answer read before a change is not kept after it.
    changes: Arc<AtomicU64>,
}

impl Sessions {
    pub(crate) fn new(database: Database, cached_for: Duration) -> Self {
        let standing = Cache::builder().max_capacity(CACHED_AT_MOST).time_to_live(cached_for).support_invalidation_closures().build();
        Self { database, standing, changes: Arc::default() }
    }

    /// The standing of the session a token names; none after a sign-out, or when who signed in is gone from the store.
    pub(crate) async fn standing(&self, claims: &Claims, intent: Intent) -> Result<Option<Standing>, Problem> {
        let ask = async {
            let tx = self.database.platform().begin().await?;
            identity::sessions::standing(&tx, claims.sid, claims.tenant).await
        };
        self.known(claims.sid, intent, ask).await
    }

    /// The operator whose support session a token names, while it lasts.
    pub(crate) async fn support(&self, claims: &Claims, store: TenantId, intent: Intent) -> Result<Option<Standing>, Problem> {
        let ask = async {
            let tx = self.database.platform().begin().await?;
            Ok(support::standing(&tx, store, SupportSessionId::from_uuid(claims.sid)).await?.map(Standing::Support))
        };
        self.known(claims.sid, intent, ask).await
    }

    async fn known(
        &self,
        session: Uuid,
        intent: Intent,
        ask: impl Future<Output = Result<Option<Standing>, identity::Error>>,
    ) -> Result<Option<Standing>, Problem> {
        let seen = self.changes.load(Ordering::Acquire);
        let found = match intent {
            Intent::Read => self.standing.try_get_with(session, ask).await.map_err(Problem::unavailable),
            Intent::Write => {
                let found = ask.await.map_err(Problem::unavailable)?;
                self.standing.insert(session, found.clone()).await;
                Ok(found)
            }
        };
        if self.changes.load(Ordering::Acquire) != seen {
            self.standing.invalidate(&session).await;
        }
        found
    }

    /// [`Sessions::forget`] for several.
    pub(crate) async fn forget_all(&self, sessions: Vec<Uuid>) {
        for session in sessions {
            self.forget(session).await;
        }
    }

    /// Forgets every session in a store here, now: somebody's role there is another one, or what a role may.
    ///
    /// # Errors
    /// The cache was built without the means for it.
    pub(crate) fn forget_store(&self, store: TenantId) -> Result<(), Problem> {
        self.changes.fetch_add(1, Ordering::AcqRel);
        let is_there = move |_: &Uuid, kept: &Option<Standing>| matches!(kept, Some(Standing::Member { store: of, .. }) if *of == store);
        self.standing.invalidate_entries_if(is_there).map(|_| ()).map_err(Problem::internal)
    }

    /// Forgets a session here, now.
    pub(crate) async fn forget(&self, session: Uuid) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.standing.invalidate(&session).await;
    }
}
