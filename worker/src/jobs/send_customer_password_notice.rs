use commerce::customers;
use serde::{Deserialize, Serialize};
use tenancy::CustomerId;

use crate::{
    call::{Call, JobError},
    mail::{Store, deliver, may_write_to_stranger, password_letter, was_sent},
};

/// Tells a customer that their password was changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendCustomerPasswordNotice {
    pub customer: CustomerId,
}

pub(super) async fn run(job: SendCustomerPasswordNotice, call: &Call) -> Result<(), JobError> {
    if was_sent(call).await? {
        return Ok(());
    }
    let tx = call.db()?.begin().await?;
    let customer = customers::find(&tx, job.customer).await?;
    let store = Store::load(&tx, &call.links).await?;
    drop(tx);
    if customer.email_verified_at.is_none() && !may_write_to_stranger(call, &customer.email).await? {
        return Ok(());
    }
    deliver(call, password_letter(store, (customer.email, customer.email_verified_at.map(|_| customer.name)), call.caused_at())).await
}
