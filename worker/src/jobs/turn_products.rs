use std::time::{Duration, Instant};

use commerce::catalog::schedule;
use serde::{Deserialize, Serialize};

use crate::call::{Call, JobError};

/// Publishes and takes back what is due in one store. Looks at each product anew, so it may run twice; what is left after its turn
/// is found by the next sweep.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TurnProducts {}

const A_TURN: Duration = Duration::from_secs(6);

pub(super) async fn run(_: TurnProducts, call: &Call) -> Result<(), JobError> {
    let (db, started) = (call.db()?, Instant::now());
    while schedule::turn_due(&db, &call.clock).await? && started.elapsed() < A_TURN {}
    Ok(())
}
