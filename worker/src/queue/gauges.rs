//! How much waits, and for how long. Every worker tells the same figures, for they are the platform's.

use std::time::Duration;

use metrics::gauge;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use tenancy::PlatformDb;
use tokio_util::sync::CancellationToken;
use tracing::warn;

const EVERY: Duration = Duration::from_secs(15);

/// `waiting` for a place in a lane, `queued` in it, `retrying` after a failure, `dead`; and the age of the oldest fact that
/// nobody has reacted to.
const FIGURES: &str = "
SELECT lane, 'waiting' AS state, count(*)::float8 AS figure FROM waiting_jobs GROUP BY lane
UNION ALL
SELECT job_type, CASE WHEN status = 'Killed' THEN 'dead' WHEN priority < 0 THEN 'retrying' ELSE 'queued' END, count(*)::float8
FROM apalis.jobs WHERE status <> 'Done' GROUP BY 1, 2
UNION ALL
SELECT 'facts', 'age', coalesce(extract(epoch FROM now() - min(occurred_at)), 0)::float8 FROM facts WHERE relayed_at IS NULL";

pub(crate) async fn run(db: PlatformDb, stop: CancellationToken) {
    let mut known = Vec::new();
    while !stop.is_cancelled() {
        if let Err(error) = tell(&db, &mut known).await {
            warn!(%error, "The queue's figures could not be read");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// What was told before and is gone from the answer is zero now.
async fn tell(db: &PlatformDb, known: &mut Vec<(String, String)>) -> Result<(), DbErr> {
    let tx = db.begin().await?;
    let rows = tx.query_all_raw(Statement::from_string(DbBackend::Postgres, FIGURES)).await?;
    let mut gone = std::mem::take(known);
    for row in rows {
        let (lane, state): (String, String) = (row.try_get("", "lane")?, row.try_get("", "state")?);
        set(&lane, &state, row.try_get("", "figure")?);
        gone.retain(|told| told != &(lane.clone(), state.clone()));
        known.push((lane, state));
    }
    for (lane, state) in &gone {
        set(lane, state, 0.0);
    }
    Ok(())
}

fn set(lane: &str, state: &str, figure: f64) {
    if state == "age" {
        gauge!("stoa_oldest_unrelayed_fact_seconds").set(figure);
    } else {
        gauge!("stoa_jobs", "lane" => lane.to_owned(), "state" => state.to_owned()).set(figure);
    }
}
