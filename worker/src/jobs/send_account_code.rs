use commerce::identity::codes::{self, Purpose};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    call::{Call, JobError},
    mail::{Letter, Store, Template, deliver, was_sent},
};

/// Sends a code to the address that it is to prove.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendAccountCode {
    pub code: Uuid,
    pub purpose: Purpose,
}

pub(super) async fn run(job: SendAccountCode, call: &Call) -> Result<(), JobError> {
    if was_sent(call).await? {
        return Ok(());
    }
    // A code that does not work any more is not worth a mail.
    let asked = codes::asked(&call.database.platform().begin().await?, job.code).await?;
    let Some(asked) = asked.filter(|asked| asked.is_open) else { return Ok(()) };
    let store = Store::load(&call.db()?.begin().await?, &call.links).await?;
    let (title, why) = match job.purpose {
        Purpose::VerifyEmail => ("Confirm your address", "confirm that this address is yours"),
        Purpose::ResetPassword => ("Choose a new password", "choose a new password"),
        Purpose::ChangeEmail => ("Confirm your new address", "use this address for your account from now on"),
    };
    let hours = job.purpose.minutes() / 60;
    let lasts = if hours == 1 { "an hour".to_owned() } else { format!("{} days", hours / 24) };
    let letter = Letter {
        template: Template::AccountCode,
        to: asked.email,
        subject: format!("{title} · {}", store.name),
        title: title.to_owned(),
        preview: format!("A code to {why}"),
        view: serde_json::json!({ "name": asked.is_known.then_some(asked.name), "why": why, "code": call.links.account_code(job.code), "lasts": lasts }),
        store,
    };
    deliver(call, letter).await
}
