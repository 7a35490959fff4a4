//! The job queue's schema (`apalis`), installed by the owner. Only `stoa_platform` (relay and worker) may use it; the
//! api's role has no grant there, because the api never enqueues.

use apalis_postgres::PostgresStorage;
use sqlx::postgres::PgPoolOptions;

pub(crate) async fn up(owner_url: &str) -> anyhow::Result<()> {
    let pool = PgPoolOptions::new().max_connections(1).connect(owner_url).await?;
    PostgresStorage::setup(&pool).await?;
    sqlx::raw_sql(GRANTS).execute(&pool).await?;
    sqlx::raw_sql(FETCH).execute(&pool).await?;
    sqlx::raw_sql(SETTLE).execute(&pool).await?;
    pool.close().await;
    Ok(())
}

const GRANTS: &str = "
GRANT USAGE ON SCHEMA apalis TO stoa_platform;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA apalis TO stoa_platform;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA apalis TO stoa_platform;
";

/// How a lane takes its next jobs: as apalis does it, but planned once a connection and over an index. Its own function is plain
/// SQL, which Postgres before 18 plans anew at every call: most of a millisecond, several times a job.
const FETCH: &str = "
CREATE OR REPLACE FUNCTION apalis.get_jobs(worker_id text, v_job_type text, v_job_count integer DEFAULT 5)
RETURNS SETOF apalis.jobs LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN QUERY
  WITH ready AS (
    SELECT id FROM apalis.jobs
    WHERE job_type = v_job_type AND status IN ('Pending', 'Failed') AND (status = 'Pending' OR attempts < max_attempts)
      AND run_at < now()
    ORDER BY priority DESC, run_at LIMIT v_job_count FOR UPDATE SKIP LOCKED)
  UPDATE apalis.jobs j SET status = 'Queued', lock_by = worker_id, lock_at = now() FROM ready WHERE j.id = ready.id
  RETURNING j.*;
END $$;
CREATE INDEX IF NOT EXISTS stoa_jobs_ready_idx ON apalis.jobs (job_type, priority DESC, run_at) WHERE status IN ('Pending', 'Failed');
";

/// What apalis leaves to its users, decided where no crash can undo it. Whenever a job comes back from an attempt:
/// - put back by a worker that stopped in order: as if it had never been fetched, and announced at once;
/// - out of attempts (also when each one killed its worker): a dead letter;
/// - else it waits, twice as long each time, an hour at most, with a quarter of jitter, and behind first attempts.
const SETTLE: &str = r"
CREATE OR REPLACE FUNCTION apalis.stoa_settle() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF NEW.last_result ->> 'Err' = 'Re-enqueued due to worker shutdown' THEN
    NEW.attempts := OLD.attempts;
    NEW.last_result := OLD.last_result;
    PERFORM pg_notify('apalis::job::insert', json_build_object('job_type', NEW.job_type, 'id', NEW.id, 'run_at', NEW.run_at)::text);
  ELSIF NEW.attempts >= NEW.max_attempts THEN
    NEW.status := 'Killed';
    NEW.done_at := now();
  ELSE
    NEW.run_at := now() + make_interval(secs => least(3600, 0.5 * 2 ^ least(NEW.attempts, 20)) * (0.75 + random() / 2));
    NEW.priority := -1;
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS stoa_settle ON apalis.jobs;
CREATE TRIGGER stoa_settle BEFORE UPDATE OF status ON apalis.jobs FOR EACH ROW
  WHEN (OLD.status IN ('Running', 'Queued') AND NEW.status IN ('Failed', 'Pending') AND jsonb_exists(NEW.last_result, 'Err'))
  EXECUTE FUNCTION apalis.stoa_settle();

CREATE INDEX IF NOT EXISTS stoa_jobs_held_idx ON apalis.jobs (job_type) WHERE priority >= 0 AND status IN ('Pending', 'Queued', 'Running');
CREATE INDEX IF NOT EXISTS stoa_jobs_dead_idx ON apalis.jobs (done_at DESC, id DESC) WHERE status = 'Killed';
CREATE INDEX IF NOT EXISTS stoa_jobs_done_idx ON apalis.jobs (done_at) WHERE status = 'Done';
";
