//! Jobs that were given up: out of attempts, or failed in a way that no attempt can mend. They stay until an operator has
//! them run again or throws them away.

use chrono::{DateTime, SecondsFormat, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, QueryResult, Statement};
use serde::Deserialize;
use serde_json::Value;
use tenancy::{PlatformTx, TenantId};

use crate::{
    clock::Clock,
    fault::{Fault, FieldFault, Kind},
    ids::JobId,
    page::{Cursor, CursorError, Page, PageQuery},
    stores::audit::{self, About, By},
    text::clean_line,
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no given-up job has the id {0}")]
    JobNotFound(JobId),
    #[error("the request is not valid")]
    Invalid(Vec<FieldFault>),
    #[error(transparent)]
    Cursor(#[from] CursorError),
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::JobNotFound(_) => Kind::NotFound,
            Self::Invalid(_) => Kind::Invalid,
            Self::Cursor(error) => error.kind(),
            Self::Database(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::JobNotFound(_) => "jobs.not_found",
            Self::Invalid(_) => "jobs.invalid",
            Self::Cursor(error) => error.code(),
            Self::Database(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Invalid(faults) => faults.clone(),
            Self::Cursor(error) => error.fields(),
            _ => Vec::new(),
        }
    }
}

/// A job that was given up.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    pub id: JobId,
    /// `SendOrderConfirmation`.
    pub kind: String,
    pub lane: String,
    /// Whose it is; none for the platform's own.
    pub tenant: Option<TenantId>,
    pub attempts: i32,
    /// What the last attempt failed of.
    pub reason: String,
    /// When the fact happened that asked for it.
    pub caused_at: DateTime<Utc>,
    pub given_up_at: DateTime<Utc>,
}

const SORT: &str = "dead_letters";

/// The newest first.
///
/// # Errors
/// A cursor of another list, or Postgres is away.
pub async fn list(tx: &PlatformTx, page: &PageQuery) -> Result<Page<DeadLetter>, Error> {
    let after = match &page.after {
        Some(cursor) => {
            let cursor = cursor.for_list(None, SORT)?;
            Some((cursor.key.parse::<DateTime<Utc>>().map_err(|_| CursorError)?, ulid(JobId::from_uuid(cursor.id))))
        }
        None => None,
    };
    let ask = "SELECT id, job_type, convert_from(job, 'UTF8')::jsonb AS job, attempts, last_result ->> 'Err' AS reason, done_at
               FROM apalis.jobs WHERE status = 'Killed' AND ($1::timestamptz IS NULL OR (done_at, id) < ($1, $2))
               ORDER BY done_at DESC, id DESC LIMIT $3";
    let (before, id) = after.unzip();
    let limit = i64::try_from(page.limit + 1).unwrap_or(i64::MAX);
    let values = [before.into(), id.into(), limit.into()];
    let rows = tx.query_all_raw(Statement::from_sql_and_values(tx.get_database_backend(), ask, values)).await?;
    let letters = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(letters, page.limit, |letter| {
        Cursor::new(None, SORT, letter.given_up_at.to_rfc3339_opts(SecondsFormat::Micros, true), letter.id.uuid())
    }))
}

/// Has the job run again, with all its attempts, for a reason.
///
/// # Errors
/// `JobNotFound`, `Invalid` at `/reason`.
pub async fn replay(tx: &PlatformTx, clock: &Clock, of: (JobId, &str), by: &By) -> Result<(), Error> {
    let again = "WITH again AS (
                   UPDATE apalis.jobs SET status = 'Pending', attempts = 0, priority = 0, run_at = now() - interval '1 microsecond',
                          done_at = NULL, lock_at = NULL, lock_by = NULL, last_result = NULL
                   WHERE id = $1 AND status = 'Killed' RETURNING id, job_type, run_at, job
                 )
                 SELECT convert_from(job, 'UTF8')::jsonb AS job,
                        pg_notify('apalis::job::insert', json_build_object('job_type', job_type, 'id', id, 'run_at', run_at)::text)::text
                 FROM again";
    decide(tx, clock, of, by, ("jobs.replay", again)).await
}

/// Throws the job away, for a reason.
///
/// # Errors
/// `JobNotFound`, `Invalid` at `/reason`.
pub async fn discard(tx: &PlatformTx, clock: &Clock, of: (JobId, &str), by: &By) -> Result<(), Error> {
    let gone = "DELETE FROM apalis.jobs WHERE id = $1 AND status = 'Killed' RETURNING convert_from(job, 'UTF8')::jsonb AS job";
    decide(tx, clock, of, by, ("jobs.discard", gone)).await
}

async fn decide(tx: &PlatformTx, clock: &Clock, (id, reason): (JobId, &str), by: &By, (action, sql): (&str, &str)) -> Result<(), Error> {
    let reason = clean_line("/reason", reason, 500).map_err(|fault| Error::Invalid(vec![fault]))?;
    let done = tx.query_one_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, [ulid(id).into()])).await?;
    let payload = Payload::of(&done.ok_or(Error::JobNotFound(id))?)?;
    let subject = format!("{} {id}", payload.job.kind);
    audit::record(tx, clock, by, action, About { tenant: payload.tenant, subject: Some(&subject), reason: Some(&reason) }).await?;
    Ok(())
}

/// What every job carries, whatever it does.
#[derive(Deserialize)]
struct Payload {
    tenant: Option<TenantId>,
    caused_at: DateTime<Utc>,
    job: Named,
}

#[derive(Deserialize)]
struct Named {
    kind: String,
}

impl Payload {
    fn of(row: &QueryResult) -> Result<Self, DbErr> {
        serde_json::from_value(row.try_get::<Value>("", "job")?).map_err(|error| DbErr::Json(error.to_string()))
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: String,
    job_type: String,
    attempts: i32,
    reason: Option<String>,
    done_at: DateTime<Utc>,
}

fn read(row: &QueryResult) -> Result<DeadLetter, DbErr> {
    let (payload, row) = (Payload::of(row)?, Row::from_query_result(row, "")?);
    let id = format!("{}_{}", JobId::PREFIX, row.id.to_ascii_lowercase());
    let reason = row.reason.unwrap_or_default();
    Ok(DeadLetter {
        id: id.parse().map_err(|_| DbErr::Type("a job's id is a ULID".into()))?,
        kind: payload.job.kind,
        lane: row.job_type,
        tenant: payload.tenant,
        attempts: row.attempts,
        reason: reason.strip_prefix("AbortError: ").unwrap_or(&reason).to_owned(),
        caused_at: payload.caused_at,
        given_up_at: row.done_at,
    })
}

/// The queue names jobs by ULIDs, which write the same 128 bits in the same alphabet as our ids.
fn ulid(id: JobId) -> String {
    id.to_string().trim_start_matches(JobId::PREFIX).trim_start_matches('_').to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_the_queue_survives_ours() {
        let id: JobId = "job_01jd7rv9e8fqk3w8zc5t4x6n2m".parse().unwrap();
        assert_eq!(ulid(id), "01JD7RV9E8FQK3W8ZC5T4X6N2M");
    }
}
