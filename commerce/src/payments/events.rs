//! What happened to money.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    ids::{OrderId, PaymentId},
    money::Money,
    outbox::Fact,
};

/// Money was taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PaymentCaptured {
    pub payment: PaymentId,
    pub order: OrderId,
    pub amount: Money,
}

/// Money is to be given back; the gateway has not been asked yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefundRequested {
    pub payment: PaymentId,
    /// None when money came for a checkout that could no longer become an order.
    pub order: Option<OrderId>,
    pub amount: Money,
    /// Names this refund to the gateway, so that asking twice gives back once.
    pub operation_key: String,
}

/// Money was given back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PaymentRefunded {
    pub payment: PaymentId,
    pub order: Option<OrderId>,
    pub amount: Money,
}

macro_rules! payment_facts {
    ($($name:ident = $code:literal),+) => { $(
        impl Fact for $name {
            const CODE: &'static str = $code;
            const AGGREGATE: &'static str = "payment";

            fn aggregate_id(&self) -> Uuid {
                self.payment.uuid()
            }
        }
    )+ };
}
payment_facts!(PaymentCaptured = "payments.captured", RefundRequested = "payments.refund_requested", PaymentRefunded = "payments.refunded");
