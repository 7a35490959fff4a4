use serde::{Deserialize, Serialize};

use crate::{
    call::{Call, JobError},
    mail::{Letter, Store, Template, deliver, was_sent},
};

/// Tells a new store where it answers and what to do next.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendWelcome {}

pub(super) async fn run(_: SendWelcome, call: &Call) -> Result<(), JobError> {
    if was_sent(call).await? {
        return Ok(());
    }
    let store = Store::load(&call.db()?.begin().await?, &call.links).await?;
    let letter = Letter {
        template: Template::Welcome,
        to: store.contact_email.clone(),
        subject: format!("{} is open", store.name),
        title: format!("{} is open", store.name),
        preview: format!("Your store answers at {}", store.url),
        view: serde_json::json!({}),
        store,
    };
    deliver(call, letter).await
}
