use chrono::TimeDelta;
use commerce::{
    customers,
    ids::ErasureId,
    privacy::{self, Erasure},
};
use serde::{Deserialize, Serialize};

use crate::{
    call::{Call, JobError},
    mail::{Letter, Store, Template, deliver, was_sent},
};

/// Forgets a customer, after a last mail to the address that goes with everything else. May run again at any time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EraseCustomer {
    pub erasure: ErasureId,
}

/// A mail server that is away may come back; nobody waits longer than this to be forgotten.
const WAITS_FOR_MAIL: TimeDelta = TimeDelta::hours(1);

pub(super) async fn run(job: EraseCustomer, call: &Call) -> Result<(), JobError> {
    let db = call.db()?;
    let erasure = privacy::find_erasure(&db.begin().await?, job.erasure).await?;
    if erasure.done_at.is_none()
        && let Err(error) = farewell(call, &erasure).await
    {
        if matches!(error, JobError::Retry(_)) && call.clock.now() - erasure.asked_at < WAITS_FOR_MAIL {
            return Err(error);
        }
        tracing::warn!(erasure.id = %erasure.id, error = format!("{error:#}"), "A receipt could not be mailed; the customer is erased without");
    }
    let erased = privacy::erase(&db, &call.carts(), &call.clock, job.erasure).await?;
    tracing::info!(erasure.id = %erased.id, orders = erased.orders, carts = erased.carts, "Erased a customer");
    Ok(())
}

async fn farewell(call: &Call, erasure: &Erasure) -> Result<(), JobError> {
    if was_sent(call).await? {
        return Ok(());
    }
    let tx = call.db()?.begin().await?;
    let customer = customers::find(&tx, erasure.customer_id).await?;
    let store = Store::load(&tx, &call.links).await?;
    drop(tx);
    let letter = Letter {
        template: Template::ErasureReceipt,
        to: customer.email,
        subject: format!("You are being forgotten · {}", store.name),
        title: "You are being forgotten".to_owned(),
        preview: format!("Receipt {}", erasure.id),
        view: serde_json::json!({ "name": customer.name, "receipt": erasure.id }),
        store,
    };
    deliver(call, letter).await
}
