use commerce::identity;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    call::{Call, JobError},
    mail::{Letter, Store, Template, deliver, was_sent},
};

/// Tells the address of an account that was closed, and forgets it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendAccountFarewell {
    pub farewell: Uuid,
}

pub(super) async fn run(job: SendAccountFarewell, call: &Call) -> Result<(), JobError> {
    let platform = call.database.platform();
    if !was_sent(call).await? {
        let Some(whom) = identity::farewell(&platform.begin().await?, job.farewell).await? else { return Ok(()) };
        let store = Store::load(&call.db()?.begin().await?, &call.links).await?;
        let at = call.caused_at().with_timezone(&store.time_zone).format("%-d %B %Y, %H:%M %Z").to_string();
        let letter = Letter {
            template: Template::AccountFarewell,
            to: whom.email,
            subject: "Your account is closed".to_owned(),
            title: "Your account is closed".to_owned(),
            preview: format!("Since {at}"),
            view: serde_json::json!({ "name": whom.name, "at": at }),
            store,
        };
        deliver(call, letter).await?;
    }
    let tx = platform.begin().await?;
    identity::forget_farewell(&tx, job.farewell).await?;
    Ok(tx.commit().await?)
}
