use commerce::privacy;
use serde::{Deserialize, Serialize};
use tenancy::TenantId;

use super::{ApplyRetention, EraseCustomer, Job};
use crate::{
    call::{Call, JobError},
    envelope::Envelope,
    relay,
};

/// Looks for stores that keep what their rules say they do not, and for customers who were forgotten and are somebody again; has
/// each seen to in its store's turn.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SweepPrivacy {}

pub(super) async fn run(_: SweepPrivacy, call: &Call) -> Result<(), JobError> {
    let tx = call.database.platform().begin().await?;
    let envelope = |tenant: TenantId, key: String, job: Job| Envelope {
        tenant: Some(tenant),
        key,
        caused_at: call.caused_at(),
        trace_parent: None,
        job,
    };
    let again = privacy::to_erase_again(&tx).await?;
    let again =
        again.into_iter().map(|(tenant, id)| envelope(tenant, format!("{}:{id}", call.key()), EraseCustomer { erasure: id }.into()));
    let due = privacy::due_tenants(&tx).await?;
    let due = due.into_iter().map(|tenant| envelope(tenant, call.key().to_owned(), ApplyRetention {}.into()));
    relay::wait(&tx, again.chain(due)).await?;
    Ok(tx.commit().await?)
}
