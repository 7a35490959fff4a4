use chrono::{DateTime, Utc};
use commerce::{
    identity::team::{self, RoleRef, members},
    ids::AccountId,
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::{Actor, Permission};

use crate::{
    Problem, State,
    context::{Body, Paging, PathId, Vendor},
    json::{Id, Json, NoContent, Page},
};

pub(super) fn router() -> Router {
    Router::with_path("members")
        .get(list)
        .push(Router::with_path("leave").post(leave))
        .push(Router::with_path("{account_id}").patch(update).delete(remove))
}

/// Somebody who works in the store.
#[derive(Debug, Serialize, ToSchema)]
struct Member {
    account_id: Id<AccountId>,
    name: String,
    email: String,
    /// A built-in role's word, or the id of one of the store's own.
    role: String,
    /// The role's, as people read it.
    role_name: String,
    joined_at: DateTime<Utc>,
    is_you: bool,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct ChangeMember {
    /// A built-in role's word, or the id of one of the store's own.
    #[garde(skip)]
    #[salvo(schema(value_type = String, max_length = 40, example = "read_only"))]
    role: RoleRef,
}

/// List the team, the first who joined first.
#[endpoint]
async fn list(vendor: Vendor, paging: Paging) -> Result<Page<Member>, Problem> {
    vendor.require(Permission::ReadTeam)?;
    let tx = vendor.begin_with_accounts().await?;
    Ok(Page::of(members::list(&tx, &paging.0).await?.map(|member| Member::seen(member, vendor.actor))))
}

/// Give a member another role.
///
/// Nobody gives, or takes from others, what they lack themselves; owners and administrators are made and unmade by owners. The new
/// role counts at once, in other processes within half a minute for reading. Invitations that the member has sent end. A person must have proved
/// who they are within the last ten minutes (`/account/step-up`).
#[endpoint]
async fn update(vendor: Vendor, state: State, account_id: PathId<AccountId>, body: Body<ChangeMember>) -> Result<Json<Member>, Problem> {
    vendor.require(Permission::WriteTeam)?;
    vendor.fresh().await?;
    let tx = vendor.begin_with_accounts().await?;
    members::change_role(&tx, &state.clock, &vendor.caller(), account_id.0, body.0.role).await?;
    let changed = members::find(&tx, account_id.0).await?;
    tx.commit().await?;
    state.sessions.forget_store(vendor.store.id)?;
    Ok(Json(Member::seen(changed, vendor.actor)))
}

/// Remove a member.
///
/// Ends their sessions in this store, and the invitations that they have sent; their account and its other stores go on.
#[endpoint]
async fn remove(vendor: Vendor, state: State, account_id: PathId<AccountId>) -> Result<NoContent, Problem> {
    vendor.require(Permission::WriteTeam)?;
    vendor.fresh().await?;
    members::remove(&vendor.platform, &state.clock, &vendor.caller(), account_id.0).await?;
    state.sessions.forget_store(vendor.store.id)?;
    Ok(NoContent)
}

/// Leave the store.
///
/// Ends your sessions in it. The last owner stays. You must have proved who you are within the last ten minutes (`/account/step-up`).
#[endpoint]
async fn leave(vendor: Vendor, state: State) -> Result<NoContent, Problem> {
    let who = vendor.person()?;
    vendor.fresh().await?;
    members::leave(&vendor.platform, &state.clock, who).await?;
    state.sessions.forget_store(vendor.store.id)?;
    Ok(NoContent)
}

impl Member {
    fn seen(member: team::Member, by: Actor) -> Self {
        Self {
            is_you: by == Actor::Account(member.account_id),
            account_id: member.account_id.into(),
            name: member.name,
            email: member.email,
            role: member.role.id.to_string(),
            role_name: member.role.name,
            joined_at: member.joined_at,
        }
    }
}
