use commerce::customers::codes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    call::{Call, JobError},
    mail::{Store, deliver, email_change_letter, was_sent},
};

/// Tells the address that a customer has that another one was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendCustomerEmailChangeNotice {
    pub code: Uuid,
}

pub(super) async fn run(job: SendCustomerEmailChangeNotice, call: &Call) -> Result<(), JobError> {
    if was_sent(call).await? {
        return Ok(());
    }
    let tx = call.db()?.begin().await?;
    let Some(asked) = codes::asked(&tx, job.code).await? else { return Ok(()) };
    let store = Store::load(&tx, &call.links).await?;
    drop(tx);
    deliver(call, email_change_letter(store, asked, None)).await
}
