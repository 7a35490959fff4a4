use commerce::identity::accounts;
use serde::{Deserialize, Serialize};
use tenancy::AccountId;

use crate::{
    call::{Call, JobError},
    mail::{Letter, Store, Template, deliver, was_sent},
};

/// Tells an account's person that its password was changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendPasswordNotice {
    pub account: AccountId,
}

pub(super) async fn run(job: SendPasswordNotice, call: &Call) -> Result<(), JobError> {
    if was_sent(call).await? {
        return Ok(());
    }
    let account = accounts::find(&call.database.platform().begin().await?, job.account).await?;
    let store = Store::load(&call.db()?.begin().await?, &call.links).await?;
    let at = call.caused_at().with_timezone(&store.time_zone).format("%-d %B %Y, %H:%M %Z").to_string();
    let letter = Letter {
        template: Template::PasswordNotice,
        to: account.email,
        subject: format!("Your password was changed · {}", store.name),
        title: "Your password was changed".to_owned(),
        preview: format!("On {at}"),
        view: serde_json::json!({ "name": account.name, "at": at }),
        store,
    };
    deliver(call, letter).await
}
