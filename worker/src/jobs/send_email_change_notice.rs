use commerce::identity::codes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    call::{Call, JobError},
    mail::{Store, deliver, email_change_letter, was_sent},
};

/// Tells the address that an account has that another one was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendEmailChangeNotice {
    pub code: Uuid,
    /// The code by which this address takes the account back.
    #[serde(default)]
    pub take_back: Option<Uuid>,
}

pub(super) async fn run(job: SendEmailChangeNotice, call: &Call) -> Result<(), JobError> {
    if was_sent(call).await? {
        return Ok(());
    }
    let Some(asked) = codes::asked(&call.database.platform().begin().await?, job.code).await? else { return Ok(()) };
    let store = Store::load(&call.db()?.begin().await?, &call.links).await?;
    let take_back = job.take_back.map(|code| call.links.account_code(code));
    deliver(call, email_change_letter(store, asked, take_back.as_deref())).await
}
