//! What happened to an order.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    ids::{FulfillmentId, OrderId},
    money::Money,
    outbox::Fact,
};

/// A shopper and the store have agreed. The figures are what sales reports count.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderPlaced {
    pub order: OrderId,
    pub placed_at: DateTime<Utc>,
    pub units: i64,
    pub subtotal: Money,
    pub shipping_total: Money,
    pub tax_total: Money,
    pub total: Money,
}

/// The agreement was called off.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderCancelled {
    pub order: OrderId,
    pub placed_at: DateTime<Utc>,
    pub total: Money,
}

/// Everything that was ordered has left.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderCompleted {
    pub order: OrderId,
}

/// Goods have left for an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FulfillmentCreated {
    pub order: OrderId,
    pub fulfillment: FulfillmentId,
}

macro_rules! order_facts {
    ($($name:ident = $code:literal),+) => { $(
        impl Fact for $name {
            const CODE: &'static str = $code;
            const AGGREGATE: &'static str = "order";

            fn aggregate_id(&self) -> Uuid {
                self.order.uuid()
            }
        }
    )+ };
}
order_facts!(
    OrderPlaced = "orders.placed",
    OrderCancelled = "orders.cancelled",
    OrderCompleted = "orders.completed",
    FulfillmentCreated = "fulfillments.created"
);
