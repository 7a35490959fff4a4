use commerce::{ids::SupportSessionId, stores::support};
use serde::{Deserialize, Serialize};

use crate::{
    call::{Call, JobError},
    mail::{Letter, Store, Template, deliver, was_sent},
};

/// Tells a store that an operator looks into it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendSupportNotice {
    pub session: SupportSessionId,
}

pub(super) async fn run(job: SendSupportNotice, call: &Call) -> Result<(), JobError> {
    if was_sent(call).await? {
        return Ok(());
    }
    let tx = call.database.platform().begin().await?.enter(call.tenant()?).await?;
    let session = support::find(&tx, job.session).await?;
    drop(tx);
    let store = Store::load(&call.db()?.begin().await?, &call.links).await?;
    let until = session.expires_at.with_timezone(&store.time_zone).format("%-d %B %Y, %H:%M %Z").to_string();
    let title = format!("The platform's support looks into {}", store.name);
    let letter = Letter {
        template: Template::SupportNotice,
        to: store.contact_email.clone(),
        subject: title.clone(),
        title,
        preview: format!("Until {until}"),
        view: serde_json::json!({ "operator": session.operator, "reason": session.reason, "until": until }),
        store,
    };
    deliver(call, letter).await
}
