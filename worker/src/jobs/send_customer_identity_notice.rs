use commerce::customers;
use serde::{Deserialize, Serialize};
use tenancy::CustomerId;

use crate::{
    call::{Call, JobError},
    mail::{Store, deliver, identity_letter, was_sent},
};

/// Tells a customer that they have one more way to sign in, or one fewer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendCustomerIdentityNotice {
    pub customer: CustomerId,
    pub issuer: String,
    pub is_linked: bool,
}

pub(super) async fn run(job: SendCustomerIdentityNotice, call: &Call) -> Result<(), JobError> {
    if was_sent(call).await? {
        return Ok(());
    }
    let tx = call.db()?.begin().await?;
    let customer = customers::find(&tx, job.customer).await?;
    let store = Store::load(&tx, &call.links).await?;
    drop(tx);
    deliver(call, identity_letter(store, (customer.email, customer.name), (&job.issuer, job.is_linked), call.caused_at())).await
}
