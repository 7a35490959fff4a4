use commerce::{ids::PaymentId, orders};
use salvo::{Router, Writer, oapi::endpoint};
use tenancy::Permission;

use super::orders::OrderPayment;
use crate::{
    Problem, State,
    context::{Once, PathId, Replay, Vendor},
    json::Json,
};

pub(super) fn router() -> Router {
    Router::with_path("payments/{id}/capture").post(capture)
}

/// Record that the money of a manual payment has come.
///
/// Needs `Idempotency-Key`.
#[endpoint]
async fn capture(vendor: Vendor, state: State, id: PathId<PaymentId>, once: Once) -> Result<Replay<Json<OrderPayment>>, Problem> {
    vendor.require(Permission::WriteOrders)?;
    once.require()?;
    let tx = vendor.db.begin().await?;
    if let Some(first) = once.first_answer(&tx).await? {
        return Ok(first);
    }
    let payment = orders::capture_payment(&tx, &state.clock, id.0, vendor.actor).await?;
    once.commit(tx, &state.clock, Json(payment.into())).await
}
