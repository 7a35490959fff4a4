use chrono::{DateTime, Utc};
use commerce::{
    ids::{FulfillmentId, OrderId, OrderLineId},
    orders::{self, NewFulfillment},
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::Permission;

use crate::{
    Problem, State,
    context::{Body, Once, PathId, Replay, Vendor},
    json::{Created, Id},
};

/// Below `orders/{id}`.
pub(super) fn router() -> Router {
    Router::with_path("fulfillments").post(create)
}

/// Goods that have left for an order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Fulfillment {
    id: Id<FulfillmentId>,
    carrier: Option<String>,
    tracking_number: Option<String>,
    tracking_url: Option<String>,
    lines: Vec<FulfilledLine>,
    created_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FulfilledLine {
    line_id: Id<OrderLineId>,
    quantity: i32,
}

impl From<(orders::Fulfillment, Vec<orders::FulfillmentLine>)> for Fulfillment {
    fn from((sent, lines): (orders::Fulfillment, Vec<orders::FulfillmentLine>)) -> Self {
        let shown = |line: orders::FulfillmentLine| FulfilledLine { line_id: line.order_line_id.into(), quantity: line.quantity };
        Self {
            id: sent.id.into(),
            carrier: sent.carrier,
            tracking_number: sent.tracking_number,
            tracking_url: sent.tracking_url,
            lines: lines.into_iter().map(shown).collect(),
            created_at: sent.created_at,
        }
    }
}

/// What leaves. Without lines, everything that has not left yet.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct CreateFulfillment {
    #[salvo(schema(max_length = 100))]
    carrier: Option<String>,
    #[salvo(schema(max_length = 100))]
    tracking_number: Option<String>,
    /// Where the shopper can follow the parcel; http or https.
    #[salvo(schema(max_length = 2000))]
    tracking_url: Option<String>,
    #[garde(length(max = 200))]
    #[serde(default)]
    lines: Vec<FulfilledLine>,
}

/// Record that goods have left; the shopper gets a mail.
#[endpoint]
async fn create(
    vendor: Vendor,
    state: State,
    id: PathId<OrderId>,
    once: Once,
    body: Body<CreateFulfillment>,
) -> Result<Replay<Created<Fulfillment>>, Problem> {
    vendor.require(Permission::WriteOrders)?;
    let tx = vendor.db.begin().await?;
    if let Some(first) = once.first_answer(&tx).await? {
        return Ok(first);
    }
    let CreateFulfillment { carrier, tracking_number, tracking_url, lines } = body.0;
    let lines = lines.into_iter().map(|line| (line.line_id.0, line.quantity)).collect();
    let new = NewFulfillment { carrier, tracking_number, tracking_url, lines };
    let sent = orders::fulfill(&tx, &state.clock, id.0, new, vendor.actor).await?;
    let place = format!("/vendor/v1/orders/{}", id.0);
    once.commit(tx, &state.clock, Created::at(place, sent.into())).await
}
