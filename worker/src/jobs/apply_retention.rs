use std::time::{Duration, Instant};

use commerce::privacy;
use serde::{Deserialize, Serialize};

use crate::call::{Call, JobError};

/// Forgets what one store keeps no longer, bite by bite. What is left after its turn is found by the next sweep.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApplyRetention {}

const A_TURN: Duration = Duration::from_secs(6);

pub(super) async fn run(_: ApplyRetention, call: &Call) -> Result<(), JobError> {
    let (db, started) = (call.db()?, Instant::now());
    loop {
        let tx = db.begin().await?;
        let has_more = privacy::apply_rules(&tx).await?;
        tx.commit().await?;
        if !has_more || started.elapsed() >= A_TURN {
            return Ok(());
        }
    }
}
