use commerce::identity::accounts;
use serde::{Deserialize, Serialize};
use tenancy::AccountId;

use crate::{
    call::{Call, JobError},
    mail::{Store, deliver, identity_letter, was_sent},
};

/// Tells an account's person that it has one more way to sign in, or one fewer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendIdentityNotice {
    pub account: AccountId,
    pub issuer: String,
    pub is_linked: bool,
}

pub(super) async fn run(job: SendIdentityNotice, call: &Call) -> Result<(), JobError> {
    if was_sent(call).await? {
        return Ok(());
    }
    // A closed account has had its last mail.
    let Some(account) = accounts::open(&call.database.platform().begin().await?, job.account).await? else { return Ok(()) };
    let store = Store::load(&call.db()?.begin().await?, &call.links).await?;
    deliver(call, identity_letter(store, (account.email, account.name), (&job.issuer, job.is_linked), call.caused_at())).await
}
