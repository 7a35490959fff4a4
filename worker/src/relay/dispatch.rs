//! The second step: waiting jobs move into apalis, which knows no tenants and serves whoever came first. So its queues are
//! kept shallow, and who may enter is decided here, turn by turn.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement};
use serde_json::Value;
use tenancy::{PlatformDb, PlatformTx};
use uuid::Uuid;

use super::turns::{self, Queue};
use crate::{envelope::Envelope, jobs::Job, lane::Lane, queue};

/// Places in a lane for each slot that a live worker has: one that runs, and those that are ready to follow until the relay
/// looks again. More would be faster for one tenant and slower for the next.
const PLACES_A_SLOT: i64 = 6;

#[derive(Default)]
pub(super) struct Dispatcher {
    last: BTreeMap<Lane, Uuid>,
}

#[derive(FromQueryResult)]
struct Row {
    tenant_id: Uuid,
    job: Value,
    nth: i64,
    place: i64,
}

#[derive(FromQueryResult)]
struct Occupancy {
    held: i64,
    workers: i64,
}

impl Dispatcher {
    /// Fills every lane that has room and somebody waiting. Answers how many waiting jobs it has moved.
    pub(super) async fn round(&mut self, db: &PlatformDb) -> Result<usize, DbErr> {
        let mut moved = 0;
        for lane in waiting_lanes(db).await? {
            moved += self.fill(db, lane).await?;
        }
        Ok(moved)
    }

    async fn fill(&mut self, db: &PlatformDb, lane: Lane) -> Result<usize, DbErr> {
        let tx = db.begin().await?;
        // One relay at a time a lane, or two would each see the same room.
        let lock = format!("SELECT pg_advisory_xact_lock(hashtext('stoa.lane.{lane}'))");
        tx.execute_unprepared(&lock).await?;
        let occupancy = occupancy(&tx, lane).await?;
        let depth = i64::from(lane.rules().slots) * PLACES_A_SLOT * occupancy.workers.max(1);
        let room = depth - occupancy.held;
        let Some(most) = usize::try_from(room).ok().filter(|&most| most > 0) else { return Ok(0) };
        let last = self.last.get(&lane).copied().unwrap_or_default();
        let tenants = turns::next(&tx, Queue::Jobs(lane), last, most).await?;
        let rows = take(&tx, lane, &tenants, room, depth).await?;
        if let Some(served) = tenants.iter().rev().find(|&&tenant| rows.iter().any(|row| row.tenant_id == tenant)) {
            self.last.insert(lane, *served);
        }
        let moved = rows.len();
        queue::push(&tx, lane, &merge(rows)?).await?;
        tx.commit().await?;
        Ok(moved)
    }
}

async fn waiting_lanes(db: &PlatformDb) -> Result<Vec<Lane>, DbErr> {
    let sql = "SELECT lane FROM unnest($1::text[]) AS every (lane)
               WHERE EXISTS (SELECT FROM waiting_jobs WHERE waiting_jobs.lane = every.lane AND kind = ANY ($2))";
    let every: Vec<String> = Lane::ALL.map(|lane| lane.as_str().to_owned()).into();
    let tx = db.begin().await?;
    let rows = tx.query_all_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [every.into(), kinds()])).await?;
    let names = rows.iter().map(|row| row.try_get::<String>("", "lane")).collect::<Result<Vec<_>, _>>()?;
    Ok(Lane::ALL.into_iter().filter(|lane| names.iter().any(|name| name == lane.as_str())).collect())
}

/// Jobs that a newer release left waiting are not for this one.
fn kinds() -> sea_orm::Value {
    Job::KINDS.iter().map(|&kind| kind.to_owned()).collect::<Vec<_>>().into()
}

/// Retries (priority below zero) take no place: a tenant whose jobs keep failing must not close the lane to others.
async fn occupancy(tx: &PlatformTx, lane: Lane) -> Result<Occupancy, DbErr> {
    let sql = "SELECT (SELECT count(*) FROM apalis.jobs WHERE job_type = $1 AND priority >= 0 AND status IN ('Pending', 'Queued', 'Running')) AS held,
                      (SELECT count(*) FROM apalis.workers WHERE worker_type = $1 AND last_seen > now() - interval '15 seconds') AS workers";
    Occupancy::find_by_statement(Statement::from_sql_and_values(DbBackend::Postgres, sql, [lane.as_str().into()]))
        .one(tx)
        .await?
        .ok_or_else(|| DbErr::RecordNotFound("a count answers one row".into()))
}

/// The oldest of each tenant first, then the second of each, and so on while there is room. One tenant holds three quarters
/// of the lane at most.
async fn take(tx: &PlatformTx, lane: Lane, tenants: &[Uuid], room: i64, depth: i64) -> Result<Vec<Row>, DbErr> {
    let sql = "WITH held AS (
                 SELECT split_part(idempotency_key, ':', 1) AS tenant, count(*) AS jobs FROM apalis.jobs
                 WHERE job_type = $1 AND priority >= 0 AND status IN ('Pending', 'Queued', 'Running') GROUP BY 1
               ), taken AS (
                 SELECT waiting.tenant_id, waiting.id, turn.place,
                        row_number() OVER (PARTITION BY waiting.tenant_id ORDER BY waiting.created_at, waiting.id) AS nth
                 FROM unnest($2::uuid[]) WITH ORDINALITY AS turn (tenant_id, place)
                 LEFT JOIN held ON held.tenant = turn.tenant_id::text
                 CROSS JOIN LATERAL (
                   SELECT tenant_id, id, created_at FROM waiting_jobs
                   WHERE lane = $1 AND tenant_id = turn.tenant_id AND kind = ANY ($6)
                   ORDER BY created_at, id
                   LIMIT CASE WHEN coalesce(held.jobs, 0) >= $3 THEN 0 WHEN $4 > 1 THEN $4 ELSE $3 - coalesce(held.jobs, 0) END
                 ) waiting
                 ORDER BY nth, place LIMIT $5
               )
               DELETE FROM waiting_jobs USING taken
               WHERE waiting_jobs.tenant_id = taken.tenant_id AND waiting_jobs.id = taken.id
               RETURNING waiting_jobs.tenant_id, waiting_jobs.job, taken.nth, taken.place";
    let (share, turn) = ((depth * 3 / 4).max(1), lane.rules().turn);
    let values = [lane.as_str().into(), tenants.to_vec().into(), share.into(), turn.into(), (room * turn).into(), kinds()];
    let mut rows = Row::find_by_statement(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).all(tx).await?;
    rows.sort_by_key(|row| (row.nth, row.place));
    Ok(rows)
}

/// Jobs of one tenant that say the same about different things become one: what 100 changed products ask of the search
/// index is one batch.
fn merge(rows: Vec<Row>) -> Result<Vec<Envelope>, DbErr> {
    let mut merged: Vec<Envelope> = Vec::with_capacity(rows.len());
    let mut first_of: BTreeMap<(Uuid, &'static str), usize> = BTreeMap::new();
    for row in rows {
        let envelope: Envelope = serde_json::from_value(row.job).map_err(|error| DbErr::Json(error.to_string()))?;
        let group = (row.tenant_id, envelope.job.kind());
        if let Some(&at) = first_of.get(&group)
            && Job::absorb(&mut merged[at].job, &envelope.job)
        {
            continue;
        }
        first_of.insert(group, merged.len());
        merged.push(envelope);
    }
    Ok(merged)
}
