use chrono::{DateTime, Utc};
use commerce::{
    identity::team::{RoleRef, invitations},
    ids::{AccountId, InvitationId},
    text::Email,
};
use salvo::{
    Response, Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::Permission;

use crate::{
    Problem, State,
    context::{Body, Once, PathId, Replay, Vendor},
    json::{Created, Id, Json, NoContent, Page},
};

pub(super) fn router() -> Router {
    let one = Router::with_path("{id}").delete(revoke).push(Router::with_path("send-again").post(send_again));
    Router::with_path("invitations").get(list).post(create).push(one)
}

/// An invitation that is open: neither accepted nor revoked nor expired.
#[derive(Debug, Serialize, ToSchema)]
struct Invitation {
    id: Id<InvitationId>,
    /// Where its code was mailed.
    email: String,
    /// A built-in role's word, or the id of one of the store's own.
    role: String,
    /// The role's, as people read it.
    role_name: String,
    /// Absent when software with a key did.
    invited_by: Option<Id<AccountId>>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

/// Whom to invite, and for what.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct Invite {
    #[garde(skip)]
    #[salvo(schema(value_type = String, max_length = 254))]
    email: Email,
    /// A built-in role's word, or the id of one of the store's own.
    #[garde(skip)]
    #[salvo(schema(value_type = String, max_length = 40, example = "read_only"))]
    role: RoleRef,
}

/// List the open invitations, the oldest first.
#[endpoint]
async fn list(vendor: Vendor) -> Result<Page<Invitation>, Problem> {
    vendor.require(Permission::ReadTeam)?;
    let tx = vendor.db.begin().await?;
    Ok(Page::whole(invitations::list(&tx).await?.into_iter().map(Into::into).collect()))
}

/// Invite somebody.
///
/// Mails a code to the address; it works once, within seven days, and for that address alone. An open invitation of the same address
/// is replaced. At most 50 are open. A person must have proved who they are within the last ten minutes (`/account/step-up`).
#[endpoint]
async fn create(
    vendor: Vendor,
    state: State,
    once: Once,
    body: Body<Invite>,
    res: &mut Response,
) -> Result<Replay<Created<Invitation>>, Problem> {
    vendor.require(Permission::WriteTeam)?;
    vendor.fresh().await?;
    let Invite { email, role } = body.0;
    state.limiter.invitations_of(vendor.store.id).await.admit(res)?;
    state.limiter.invitations_to(vendor.store.id, email.as_str()).await.admit(res)?;
    let tx = vendor.begin_with_accounts().await?;
    if let Some(first) = once.first_answer(&tx).await? {
        return Ok(first);
    }
    let invitation = invitations::create(&tx, &state.clock, &vendor.caller(), (&email, role)).await?;
    once.commit(tx, &state.clock, Created::at(format!("/vendor/v1/invitations/{}", invitation.id), invitation.into())).await
}

/// Revoke an invitation.
///
/// Its code works no more.
#[endpoint]
async fn revoke(vendor: Vendor, id: PathId<InvitationId>) -> Result<NoContent, Problem> {
    vendor.require(Permission::WriteTeam)?;
    let tx = vendor.db.begin().await?;
    invitations::revoke(&tx, &vendor.caller(), id.0).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Send an invitation again.
///
/// With the same code, which works for another seven days; five times at most, counted as inviting the address is, and by who has proved who
/// they are as lately.
#[endpoint]
async fn send_again(vendor: Vendor, state: State, id: PathId<InvitationId>, res: &mut Response) -> Result<Json<Invitation>, Problem> {
    vendor.require(Permission::WriteTeam)?;
    vendor.fresh().await?;
    state.limiter.invitations_of(vendor.store.id).await.admit(res)?;
    let tx = vendor.db.begin().await?;
    let sent = invitations::send_again(&tx, &state.clock, &vendor.caller(), id.0).await?;
    state.limiter.invitations_to(vendor.store.id, &sent.email).await.admit(res)?;
    tx.commit().await?;
    Ok(Json(sent.into()))
}

impl From<invitations::Invitation> for Invitation {
    fn from(invitation: invitations::Invitation) -> Self {
        Self {
            id: invitation.id.into(),
            email: invitation.email,
            role: invitation.role.id.to_string(),
            role_name: invitation.role.name,
            invited_by: invitation.invited_by.map(Into::into),
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
        }
    }
}
