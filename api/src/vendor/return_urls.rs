use chrono::{DateTime, Utc};
use commerce::{identity::oauth::return_urls, ids::ReturnUrlId};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::Permission;

use super::identity_providers::may_say_who_is_believed;
use crate::{
    Problem, State,
    context::{Body, PathId, Vendor},
    json::{Created, Id, NoContent, Page},
};

pub(super) fn router() -> Router {
    Router::with_path("return-urls").get(list).post(create).push(Router::with_path("{id}").delete(delete))
}

/// An address of a storefront to which customers' browsers may come back from a provider.
#[derive(Debug, Serialize, ToSchema)]
struct ReturnUrl {
    id: Id<ReturnUrlId>,
    url: String,
    created_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct CreateReturnUrl {
    /// Compared letter by letter, its query too. It starts with `https://`, but on the developer's own machine.
    #[garde(length(max = 500))]
    #[salvo(schema(max_length = 500, example = "https://shop.example/signed-in"))]
    url: String,
}

/// List the addresses that customers may come back to from a provider.
#[endpoint]
async fn list(vendor: Vendor) -> Result<Page<ReturnUrl>, Problem> {
    vendor.require(Permission::ReadIdentityProviders)?;
    let tx = vendor.db.begin().await?;
    Ok(Page::whole(return_urls::list(&tx).await?.into_iter().map(Into::into).collect()))
}

/// Register an address that customers may come back to from a provider.
///
/// Twenty at most. Whoever owns the address can be handed the sign-ins of customers, so that it takes what naming a provider takes: a
/// person who may read customers and orders, and who has proved who they are within the last ten minutes (`/account/step-up`).
#[endpoint]
async fn create(vendor: Vendor, state: State, body: Body<CreateReturnUrl>) -> Result<Created<ReturnUrl>, Problem> {
    may_say_who_is_believed(&vendor).await?;
    let tx = vendor.db.begin().await?;
    let added = return_urls::add(&tx, &state.clock, &body.0.url).await?;
    tx.commit().await?;
    Ok(Created::at("/vendor/v1/return-urls", added.into()))
}

/// Remove a registered address.
///
/// Sign-ins that were to come back there end.
#[endpoint]
async fn delete(vendor: Vendor, id: PathId<ReturnUrlId>) -> Result<NoContent, Problem> {
    vendor.require(Permission::WriteIdentityProviders)?;
    vendor.fresh().await?;
    let tx = vendor.db.begin().await?;
    return_urls::remove(&tx, id.0).await?;
    tx.commit().await?;
    Ok(NoContent)
}

impl From<return_urls::ReturnUrl> for ReturnUrl {
    fn from(kept: return_urls::ReturnUrl) -> Self {
        Self { id: kept.id.into(), url: kept.url, created_at: kept.created_at }
    }
}
