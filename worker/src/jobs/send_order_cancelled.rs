use commerce::{ids::OrderId, orders};
use serde::{Deserialize, Serialize};

use crate::{
    call::{Call, JobError},
    mail::{Letter, OrderView, Store, Template, deliver, was_sent},
};

/// Tells the shopper that the order was called off.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendOrderCancelled {
    pub order: OrderId,
}

pub(super) async fn run(job: SendOrderCancelled, call: &Call) -> Result<(), JobError> {
    if was_sent(call).await? {
        return Ok(());
    }
    let tx = call.db()?.begin().await?;
    let store = Store::load(&tx, &call.links).await?;
    let order = orders::find(&tx, job.order).await?;
    let view = OrderView::load(&tx, &call.links, &store, &order).await?;
    drop(tx);
    let letter = Letter {
        template: Template::OrderCancelled,
        to: order.email,
        subject: format!("Your order {} at {} was cancelled", view.number, store.name),
        title: "Your order was cancelled".into(),
        preview: format!("Order {} · {}", view.number, view.total),
        view: serde_json::json!({ "order": view }),
        store,
    };
    deliver(call, letter).await
}
