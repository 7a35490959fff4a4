use commerce::identity::accounts;
use serde::{Deserialize, Serialize};
use tenancy::AccountId;

use crate::{
    call::{Call, JobError},
    mail::{Letter, Store, Template, deliver, was_sent},
};

/// Tells somebody that they do not work in a store any more.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendRemovalNotice {
    pub account: AccountId,
}

pub(super) async fn run(job: SendRemovalNotice, call: &Call) -> Result<(), JobError> {
    if was_sent(call).await? {
        return Ok(());
    }
    // A closed account has had its last mail.
    let Some(account) = accounts::open(&call.database.platform().begin().await?, job.account).await? else { return Ok(()) };
    let store = Store::load(&call.db()?.begin().await?, &call.links).await?;
    let at = call.caused_at().with_timezone(&store.time_zone).format("%-d %B %Y, %H:%M %Z").to_string();
    let letter = Letter {
        template: Template::RemovalNotice,
        to: account.email,
        subject: format!("You no longer work at {}", store.name),
        title: format!("You no longer work at {}", store.name),
        preview: format!("Since {at}"),
        view: serde_json::json!({ "name": account.name, "at": at }),
        store,
    };
    deliver(call, letter).await
}
