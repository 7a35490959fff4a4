use commerce::identity::codes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    call::{Call, JobError},
    mail::{Letter, Store, Template, deliver, was_sent},
};

/// Tells the address that an account has that another one was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendEmailChangeNotice {
    pub code: Uuid,
}

pub(super) async fn run(job: SendEmailChangeNotice, call: &Call) -> Result<(), JobError> {
    if was_sent(call).await? {
        return Ok(());
    }
    let Some(asked) = codes::asked(&call.database.platform().begin().await?, job.code).await? else { return Ok(()) };
    let store = Store::load(&call.db()?.begin().await?, &call.links).await?;
    let letter = Letter {
        template: Template::EmailChangeNotice,
        to: asked.asked_by,
        subject: format!("Your address is about to change · {}", store.name),
        title: "Your address is about to change".to_owned(),
        preview: "Somebody signed in as you asked for it".to_owned(),
        view: serde_json::json!({ "name": asked.name, "new": asked.email }),
        store,
    };
    deliver(call, letter).await
}
