//! Payments: a fold over append-only payment events.

mod events;

pub use events::{PaymentCaptured, PaymentRefunded, RefundRequested};
