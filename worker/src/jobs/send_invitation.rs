use commerce::{
    identity::{accounts, team::invitations},
    ids::InvitationId,
};
use serde::{Deserialize, Serialize};

use crate::{
    call::{Call, JobError},
    mail::{Letter, Store, Template, deliver, may_write_to_stranger, was_sent, without_links},
};

/// Mails an invitation's code to the address that it is for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendInvitation {
    pub invitation: InvitationId,
}

pub(super) async fn run(job: SendInvitation, call: &Call) -> Result<(), JobError> {
    if was_sent(call).await? {
        return Ok(());
    }
    let tx = call.db()?.begin().await?;
    // One that is not open any more is not worth a mail.
    let Some(invitation) = invitations::get(&tx, job.invitation).await? else { return Ok(()) };
    let store = Store::load(&tx, &call.links).await?.without_links();
    drop(tx);
    if !may_write_to_stranger(call, &invitation.email).await? {
        return Ok(());
    }
    let inviter = match invitation.invited_by {
        Some(account) => {
            accounts::open(&call.database.platform().begin().await?, account).await?.map(|account| without_links(&account.name))
        }
        None => None,
    };
    let role = without_links(&invitation.role.name);
    let code = call.links.invitation_code(call.tenant()?, job.invitation);
    let title = format!("Work with us at {}", store.name);
    let letter = Letter {
        template: Template::Invitation,
        to: invitation.email,
        subject: title.clone(),
        title,
        preview: format!("You are invited as: {role}"),
        view: serde_json::json!({ "inviter": inviter, "role": role, "code": code, "days": invitations::LIVES_DAYS }),
        store,
    };
    deliver(call, letter).await
}
