use chrono::{DateTime, Utc};
use commerce::{dead_letters, ids::JobId, stores::audit::By};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::Serialize;
use tenancy::TenantId;

use super::reason::Reason;
use crate::{
    Problem, State,
    context::{Body, Operator, Paging, PathId, RequestId},
    json::{Id, NoContent, Page},
};

pub(super) fn router() -> Router {
    Router::with_path("jobs")
        .push(Router::with_path("dead").get(dead))
        .push(Router::with_path("{job}/replay").post(replay))
        .push(Router::with_path("{job}/discard").post(discard))
}

/// A job that was given up: out of attempts, or failed in a way that no attempt can mend.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeadJob {
    id: Id<JobId>,
    /// What it should have done, such as `SendOrderConfirmation`.
    kind: String,
    lane: String,
    /// Whose it is; null for the platform's own.
    tenant: Option<Id<TenantId>>,
    attempts: i32,
    /// What the last attempt failed of.
    reason: String,
    caused_at: DateTime<Utc>,
    given_up_at: DateTime<Utc>,
}

impl From<dead_letters::DeadLetter> for DeadJob {
    fn from(letter: dead_letters::DeadLetter) -> Self {
        Self {
            id: letter.id.into(),
            kind: letter.kind,
            lane: letter.lane,
            tenant: letter.tenant.map(Id),
            attempts: letter.attempts,
            reason: letter.reason,
            caused_at: letter.caused_at,
            given_up_at: letter.given_up_at,
        }
    }
}

/// List the jobs that were given up.
///
/// The newest first. They stay for 90 days, until they are replayed or discarded.
#[endpoint]
async fn dead(operator: Operator, paging: Paging) -> Result<Page<DeadJob>, Problem> {
    let tx = operator.platform.begin().await?;
    Ok(Page::of(dead_letters::list(&tx, &paging.0).await?))
}

/// Run a given-up job again.
///
/// It gets all its attempts anew. What it has done already is not done twice.
#[endpoint]
async fn replay(
    operator: Operator,
    state: State,
    request: RequestId,
    job: PathId<JobId>,
    body: Body<Reason>,
) -> Result<NoContent, Problem> {
    let tx = operator.platform.begin().await?;
    let by = By { operator: operator.id, request_id: request.to_string() };
    dead_letters::replay(&tx, &state.clock, (job.0, &body.0.reason), &by).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Throw a given-up job away.
#[endpoint]
async fn discard(
    operator: Operator,
    state: State,
    request: RequestId,
    job: PathId<JobId>,
    body: Body<Reason>,
) -> Result<NoContent, Problem> {
    let tx = operator.platform.begin().await?;
    let by = By { operator: operator.id, request_id: request.to_string() };
    dead_letters::discard(&tx, &state.clock, (job.0, &body.0.reason), &by).await?;
    tx.commit().await?;
    Ok(NoContent)
}
