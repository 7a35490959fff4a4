//! Payments: money promised, taken, given back.
//!
//! A payment is a fold over append-only events; [`gateways`] are called between transactions and every call carries an
//! operation key, so that a retry is the same request. No card number ever reaches Stoa.
//!
//! Uses: nothing but the shared ground.

mod entity;
mod error;
mod events;
pub mod gateways;
mod ledger;
mod refund_payment;

pub use entity::{
    payment::{Model as Payment, Status},
    payment_event::{Kind as EventKind, Model as PaymentEvent, Outcome as EventOutcome},
};
pub use error::Error;
pub use events::{PaymentCaptured, PaymentRefunded, RefundRequested};
pub use gateways::{GatewayKind, Gateways};
pub use ledger::{
    NewPayment, capture, events, find, lock, lock_of_checkout, of_order, of_orders, refund_rest, request_refund, settle, start, void,
};
pub use refund_payment::refund_payment;
