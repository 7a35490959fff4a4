//! Who is alive. apalis beats only when a lane is polled, which a busy lane is not; so a task of its own says it for all
//! lanes of the process, however busy they are, and the time after which a dead process's jobs are taken over can be short.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

use crate::lane::Lane;

const BEAT: Duration = Duration::from_secs(2);

/// The name under which each lane of this process works now. A lane that was restarted has a new one: its old jobs must not
/// look alive, for nobody runs them any more.
#[derive(Clone, Default)]
pub struct Names(Arc<Mutex<BTreeMap<Lane, String>>>);

impl Names {
    /// A name that nobody has had before.
    pub(super) fn renew(&self, lane: Lane) -> String {
        let name = format!("{lane}-{}-{}", std::process::id(), Uuid::new_v4());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(lane, name.clone());
        name
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    pub(super) async fn beat(self, pool: PgPool, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = seen(&pool, &self.all(), "now()").await {
                warn!(%error, "Could not say that this process is alive");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(BEAT) => {}
            }
        }
    }

    /// Says that this process is gone, so that jobs which outlasted the drain are taken over at once.
    pub(super) async fn leave(&self, pool: &PgPool) {
        // Long ago, and not '-infinity', which Postgres before 17 cannot subtract: every worker asks for the difference to now.
        if let Err(error) = seen(pool, &self.all(), "'epoch'").await {
            warn!(%error, "Could not say goodbye; other workers will notice by themselves");
        }
    }
}

async fn seen(pool: &PgPool, names: &[String], when: &'static str) -> Result<(), sqlx::Error> {
    let sql = format!("UPDATE apalis.workers SET last_seen = {when} WHERE id = ANY ($1)");
    sqlx::query(sqlx::AssertSqlSafe(sql)).bind(names).execute(pool).await?;
    Ok(())
}
