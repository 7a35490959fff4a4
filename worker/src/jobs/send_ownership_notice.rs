use commerce::identity::accounts;
use serde::{Deserialize, Serialize};
use tenancy::AccountId;

use crate::{
    call::{Call, JobError},
    mail::{Letter, Store, Template, deliver, was_sent},
};

/// Tells a store's new owner that it is theirs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendOwnershipNotice {
    pub from: AccountId,
    pub to: AccountId,
}

pub(super) async fn run(job: SendOwnershipNotice, call: &Call) -> Result<(), JobError> {
    tell(call, (job.to, job.from), true).await
}

/// Tells one of two between whom a store changed hands.
pub(super) async fn tell(call: &Call, (whom, other): (AccountId, AccountId), is_owner: bool) -> Result<(), JobError> {
    if was_sent(call).await? {
        return Ok(());
    }
    let tx = call.database.platform().begin().await?;
    // A closed account has had its last mail, and is nobody any more.
    let Some(whom) = accounts::open(&tx, whom).await? else { return Ok(()) };
    let other = accounts::open(&tx, other).await?.map_or_else(|| "Somebody whose account is closed".to_owned(), |other| other.name);
    drop(tx);
    let store = Store::load(&call.db()?.begin().await?, &call.links).await?;
    let at = call.caused_at().with_timezone(&store.time_zone).format("%-d %B %Y, %H:%M %Z").to_string();
    let title = if is_owner { format!("You own {} now", store.name) } else { format!("{} has another owner", store.name) };
    let letter = Letter {
        template: Template::OwnershipNotice,
        to: whom.email,
        subject: title.clone(),
        title,
        preview: format!("Since {at}"),
        view: serde_json::json!({ "name": whom.name, "other": other, "is_owner": is_owner, "at": at }),
        store,
    };
    deliver(call, letter).await
}
