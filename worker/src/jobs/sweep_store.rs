use commerce::checkout;
use serde::{Deserialize, Serialize};

use crate::call::{Call, JobError};

/// Sees to one store's checkouts that ran out and payments that hang. Looks at them anew each time, so it may run twice.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SweepStore {}

pub(super) async fn run(_: SweepStore, call: &Call) -> Result<(), JobError> {
    let store = call.directory.by_id(call.tenant()?).await?;
    let swept = checkout::sweep(&call.db()?, &call.gateways, &call.clock, &store).await?;
    tracing::info!(placed = swept.placed, expired = swept.expired, left = swept.left, "Swept the store's checkouts");
    Ok(())
}
