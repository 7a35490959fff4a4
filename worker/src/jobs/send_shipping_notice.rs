use commerce::{
    ids::{FulfillmentId, OrderId},
    orders,
};
use serde::{Deserialize, Serialize};

use crate::{
    call::{Call, JobError},
    mail::{Letter, OrderView, ParcelView, Store, Template, deliver, was_sent},
};

/// Tells the shopper that goods have left, and how to follow them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendShippingNotice {
    pub order: OrderId,
    pub fulfillment: FulfillmentId,
}

pub(super) async fn run(job: SendShippingNotice, call: &Call) -> Result<(), JobError> {
    if was_sent(call).await? {
        return Ok(());
    }
    let tx = call.db()?.begin().await?;
    let store = Store::load(&tx, &call.links).await?;
    let order = orders::find(&tx, job.order).await?;
    let lines = orders::lines(&tx, order.id).await?;
    let fulfillments = orders::fulfillments_of_order(&tx, order.id).await?;
    let (fulfillment, sent) = fulfillments
        .iter()
        .find(|(fulfillment, _)| fulfillment.id == job.fulfillment)
        .ok_or_else(|| JobError::fail(anyhow::anyhow!("the order has no fulfillment {}", job.fulfillment)))?;
    let parcel = ParcelView::of(&order, &lines, fulfillment, sent);
    let view = OrderView::load(&tx, &call.links, &store, &order).await?;
    drop(tx);
    let letter = Letter {
        template: Template::ShippingNotice,
        to: order.email,
        subject: format!("Your order {} at {} is on its way", view.number, store.name),
        title: "Your order is on its way".into(),
        preview: parcel
            .carrier
            .as_ref()
            .map_or_else(|| format!("Order {}", view.number), |carrier| format!("Order {} · {carrier}", view.number)),
        view: serde_json::json!({ "order": view, "parcel": parcel }),
        store,
    };
    deliver(call, letter).await
}
