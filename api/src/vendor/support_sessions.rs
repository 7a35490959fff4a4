//! Operators who look, or looked, into the store.

use commerce::{ids::SupportSessionId, stores::support};
use salvo::{Router, Writer, oapi::endpoint};
use tenancy::Permission;

use crate::{
    Problem, State,
    context::{Paging, PathId, Vendor},
    json::{NoContent, Page, SupportSession},
};

pub(super) fn router() -> Router {
    Router::with_path("support-sessions").get(list).push(Router::with_path("{id}").delete(end))
}

/// List the support sessions, the newest first.
#[endpoint]
async fn list(vendor: Vendor, paging: Paging) -> Result<Page<SupportSession>, Problem> {
    vendor.require(Permission::ReadTeam)?;
    let tx = vendor.begin_with_accounts().await?;
    Ok(Page::of(support::list(&tx, &paging.0).await?))
}

/// End a support session.
///
/// At once here, within half a minute everywhere. Ending it again changes nothing.
#[endpoint]
async fn end(vendor: Vendor, state: State, id: PathId<SupportSessionId>) -> Result<NoContent, Problem> {
    vendor.require(Permission::WriteTeam)?;
    let tx = vendor.begin_with_accounts().await?;
    support::end(&tx, id.0, vendor.actor).await?;
    tx.commit().await?;
    state.sessions.forget(id.0.uuid()).await;
    Ok(NoContent)
}
