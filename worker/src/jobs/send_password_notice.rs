use commerce::identity::accounts;
use serde::{Deserialize, Serialize};
use tenancy::AccountId;

use crate::{
    call::{Call, JobError},
    mail::{Store, deliver, may_write_to_stranger, password_letter, was_sent},
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
    // A closed account has had its last mail.
    let Some(account) = accounts::open(&call.database.platform().begin().await?, job.account).await? else { return Ok(()) };
    let store = Store::load(&call.db()?.begin().await?, &call.links).await?;
    if account.email_verified_at.is_none() && !may_write_to_stranger(call, &account.email).await? {
        return Ok(());
    }
    deliver(call, password_letter(store, (account.email, account.email_verified_at.map(|_| account.name)), call.caused_at())).await
}
