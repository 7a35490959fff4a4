use chrono::{DateTime, Utc};
use commerce::stores::{
    audit::By,
    tenants::{self, word},
};
use salvo::{
    Router, Writer,
    oapi::{ToParameters, ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::{TenantId, TenantStatus};

use super::reason::Reason;
use crate::{
    Problem, State,
    context::{Body, Operator, Paging, PathId, Query, RequestId},
    json::{Id, Json, Money, Page},
};

pub(super) fn router() -> Router {
    let one = Router::with_path("{id}")
        .get(show)
        .push(Router::with_path("suspend").post(suspend))
        .push(Router::with_path("reactivate").post(reactivate));
    Router::with_path("tenants").get(list).push(one)
}

/// A tenant as the platform sees it.
#[derive(Debug, Serialize, ToSchema)]
struct Tenant {
    id: Id<TenantId>,
    slug: String,
    name: String,
    status: &'static str,
    status_reason: Option<String>,
    plan: String,
    country: String,
    created_at: DateTime<Utc>,
    products: i64,
    /// As of its sales reports, which are seconds behind.
    orders: i64,
    /// What was placed less what was cancelled, in each currency.
    sales: Vec<Money>,
}

/// Which tenants.
#[derive(Debug, Deserialize, ToParameters, garde::Validate)]
#[serde(deny_unknown_fields)]
struct Filter {
    #[garde(skip)]
    limit: Option<u64>,
    #[garde(skip)]
    after: Option<String>,
    #[garde(skip)]
    status: Option<Status>,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[salvo(schema(name = "TenantStatus"))]
enum Status {
    Active,
    Suspended,
}

/// List all tenants with their figures, the newest first.
#[endpoint]
async fn list(operator: Operator, filter: Query<Filter>) -> Result<Page<Tenant>, Problem> {
    let Filter { limit, after, status } = filter.0;
    let paging = Paging::new(limit, after.as_deref())?;
    let tx = operator.platform.begin().await?;
    Ok(Page::of(tenants::list(&tx, status.map(Into::into), &paging.0).await?))
}

/// Show a tenant with its figures.
#[endpoint]
async fn show(operator: Operator, id: PathId<TenantId>) -> Result<Json<Tenant>, Problem> {
    let tx = operator.platform.begin().await?;
    Ok(Json(tenants::find(&tx, id.0).await?.into()))
}

/// Suspend a tenant.
///
/// Its owner is shown why. Its storefront answers no more and its vendors may read but change nothing, in every process at once.
#[endpoint]
async fn suspend(
    operator: Operator,
    state: State,
    id: PathId<TenantId>,
    request_id: RequestId,
    body: Body<Reason>,
) -> Result<Json<Tenant>, Problem> {
    let by = By { operator: operator.id, request_id: request_id.to_string() };
    let tx = operator.platform.begin().await?;
    tenants::suspend(&tx, &state.clock, &by, id.0, &body.0.reason).await?;
    let tenant = tenants::find(&tx, id.0).await?;
    tx.commit().await?;
    state.directory.forget();
    Ok(Json(tenant.into()))
}

/// Reactivate a suspended tenant.
#[endpoint]
async fn reactivate(
    operator: Operator,
    state: State,
    id: PathId<TenantId>,
    request_id: RequestId,
    body: Body<Reason>,
) -> Result<Json<Tenant>, Problem> {
    let by = By { operator: operator.id, request_id: request_id.to_string() };
    let tx = operator.platform.begin().await?;
    tenants::reactivate(&tx, &state.clock, &by, id.0, &body.0.reason).await?;
    let tenant = tenants::find(&tx, id.0).await?;
    tx.commit().await?;
    state.directory.forget();
    Ok(Json(tenant.into()))
}

impl From<Status> for TenantStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Active => Self::Active,
            Status::Suspended => Self::Suspended,
        }
    }
}

impl From<tenants::Tenant> for Tenant {
    fn from(tenant: tenants::Tenant) -> Self {
        Self {
            id: tenant.id.into(),
            slug: tenant.slug,
            name: tenant.name,
            status: word(tenant.status),
            status_reason: tenant.status_reason,
            plan: tenant.plan,
            country: tenant.country,
            created_at: tenant.created_at,
            products: tenant.figures.products,
            orders: tenant.figures.orders,
            sales: tenant.figures.sales.into_iter().map(Money).collect(),
        }
    }
}
