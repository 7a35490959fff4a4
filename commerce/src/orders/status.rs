//! What an order's payments and fulfillments say of it. Derived, never stored.

use super::OrderLine;
use crate::payments::{Payment, Status};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentStatus {
    /// Nothing to pay was left, or nothing has come yet.
    Pending,
    Paid,
    PartiallyRefunded,
    Refunded,
    /// Called off before any money came.
    Voided,
}

impl PaymentStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Refunded => "refunded",
            Self::Voided => "voided",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FulfillmentStatus {
    Unfulfilled,
    Partial,
    Fulfilled,
}

impl FulfillmentStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unfulfilled => "unfulfilled",
            Self::Partial => "partial",
            Self::Fulfilled => "fulfilled",
        }
    }
}

/// `total` is what the order comes to, in minor units.
pub fn payment_status(total: i64, payments: &[Payment]) -> PaymentStatus {
    let captured: i64 = payments.iter().map(|payment| payment.captured).sum();
    let refunded: i64 = payments.iter().map(|payment| payment.refunded).sum();
    match () {
        () if refunded > 0 && refunded == captured => PaymentStatus::Refunded,
        () if refunded > 0 => PaymentStatus::PartiallyRefunded,
        () if captured >= total && payments.iter().any(|payment| payment.status == Status::Captured) => PaymentStatus::Paid,
        () if !payments.is_empty() && payments.iter().all(|payment| !payment.status.is_live()) => PaymentStatus::Voided,
        () => PaymentStatus::Pending,
    }
}

pub fn fulfillment_status(lines: &[OrderLine]) -> FulfillmentStatus {
    let ordered: i32 = lines.iter().map(|line| line.quantity).sum();
    let fulfilled: i32 = lines.iter().map(|line| line.fulfilled_quantity).sum();
    match fulfilled {
        0 => FulfillmentStatus::Unfulfilled,
        some if some < ordered => FulfillmentStatus::Partial,
        _ => FulfillmentStatus::Fulfilled,
    }
}
