use commerce::identity::codes::{self, Purpose};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    call::{Call, JobError},
    mail::{Store, code_letter, deliver, may_write_to_stranger, was_sent},
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
    // An account has its own address but once on the platform, and few codes an hour for it.
    if asked.email != asked.asked_by && !may_write_to_stranger(call, &asked.email).await? {
        return Ok(());
    }
    let store = Store::load(&call.db()?.begin().await?, &call.links).await?;
    deliver(call, code_letter(store, asked, job.purpose, &call.links.account_code(job.code))).await
}
