pub mod payment;
pub mod payment_event;
