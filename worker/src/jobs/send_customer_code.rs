use commerce::{customers::codes, identity::codes::Purpose};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    call::{Call, JobError},
    mail::{Store, code_letter, deliver, may_write_to_stranger, registered_letter, was_sent},
};

/// Sends a customer's code to the address that it is to prove, or that was registered again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendCustomerCode {
    pub code: Uuid,
    pub purpose: Purpose,
    pub is_registered: bool,
}

pub(super) async fn run(job: SendCustomerCode, call: &Call) -> Result<(), JobError> {
    if was_sent(call).await? {
        return Ok(());
    }
    let tx = call.db()?.begin().await?;
    let Some(asked) = codes::asked(&tx, job.code).await?.filter(|asked| asked.is_open) else { return Ok(()) };
    let store = Store::load(&tx, &call.links).await?;
    drop(tx);
    if asked.is_to_stranger() && !may_write_to_stranger(call, &asked.email).await? {
        return Ok(());
    }
    let code = call.links.account_code(job.code);
    let letter = if job.is_registered { registered_letter(store, asked, &code) } else { code_letter(store, asked, job.purpose, &code) };
    deliver(call, letter).await
}
