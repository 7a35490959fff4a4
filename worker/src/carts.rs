//! Carts live in Redis; this loop brings their copies in Postgres up to date, so that a Redis which is lost costs seconds.
//! Every worker may run it at once.

use std::time::Duration;

use commerce::cart;
use metrics::counter;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::ctx::Ctx;

const EVERY: Duration = Duration::from_secs(2);
const CARTS_A_ROUND: usize = 500;

/// Copies until told to stop, and once more then.
pub(crate) async fn run(ctx: Ctx, stop: CancellationToken) {
    let Some(redis) = &ctx.redis else { return };
    loop {
        let stopping = stop.is_cancelled();
        match cart::copy::copy_dirty(redis, &ctx.database, CARTS_A_ROUND).await {
            Ok(copied) => {
                counter!("stoa_carts_copied_total").increment(copied.carts as u64);
                if copied.carts >= CARTS_A_ROUND && !stopping {
                    continue;
                }
            }
            Err(error) => warn!(%error, "Carts could not be copied; they will be, once Redis answers"),
        }
        if stopping {
            return;
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
