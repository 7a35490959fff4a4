use commerce::{
    ids::SupportSessionId,
    stores::{audit::By, support},
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::TenantId;

use crate::{
    Problem, State,
    context::{Body, Operator, Paging, PathId, RequestId},
    json::{Created, NoContent, Page, SupportSession},
    tokens,
};

pub(super) fn router() -> Router {
    Router::with_path("tenants/{id}/support-sessions").get(list).post(begin).push(Router::with_path("{session}").delete(end))
}

/// Why an operator looks into a store, and for how long. The store reads it.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct Begin {
    #[garde(length(chars, min = 1, max = 500))]
    #[salvo(schema(min_length = 1, max_length = 500))]
    reason: String,
    #[garde(range(min = *support::MINUTES.start(), max = *support::MINUTES.end()))]
    #[salvo(schema(minimum = 5, maximum = 60))]
    minutes: i32,
}

/// A session that has begun. The token calls the vendor API of this one store until it expires; it is shown here and never again.
#[derive(Debug, Serialize, ToSchema)]
struct Begun {
    #[serde(flatten)]
    session: SupportSession,
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
}

/// List a tenant's support sessions, the newest first.
#[endpoint]
async fn list(operator: Operator, id: PathId<TenantId>, paging: Paging) -> Result<Page<SupportSession>, Problem> {
    let tx = operator.platform.begin().await?.enter(id.0).await?;
    Ok(Page::of(support::list(&tx, &paging.0).await?))
}

/// Begin a support session.
///
/// Answers a token for the vendor API of this tenant, suspended or not: it reads everything but keys, and changes what is sold and how much
/// of it there is; never money, keys, team, customers or settings. The store is told by mail, sees it, and may end it.
#[endpoint]
async fn begin(
    operator: Operator,
    state: State,
    id: PathId<TenantId>,
    request_id: RequestId,
    body: Body<Begin>,
) -> Result<Created<Begun>, Problem> {
    let by = By { operator: operator.id, request_id: request_id.to_string() };
    let (tx, given) = (operator.platform.begin().await?, (body.0.reason.as_str(), body.0.minutes));
    let (tx, session) = support::begin(tx, &state.clock, &by, id.0, given, operator.session).await?;
    tx.commit().await?;
    let access_token = tokens::issue_for_support(&state, id.0, &session, body.0.minutes)?;
    let location = format!("/platform/v1/tenants/{}/support-sessions/{}", id.0, session.id);
    Ok(Created::at(location, Begun { session: session.into(), access_token, token_type: "Bearer" }))
}

/// End a support session.
///
/// At once here, within half a minute everywhere. Ending it again changes nothing.
#[endpoint]
async fn end(
    operator: Operator,
    state: State,
    id: PathId<TenantId>,
    session: PathId<SupportSessionId>,
    request_id: RequestId,
) -> Result<NoContent, Problem> {
    let by = By { operator: operator.id, request_id: request_id.to_string() };
    let tx = operator.platform.begin().await?;
    support::end_by_operator(tx, &state.clock, &by, id.0, session.0).await?.commit().await?;
    state.sessions.forget(session.0.uuid()).await;
    Ok(NoContent)
}
