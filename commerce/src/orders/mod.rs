//! Orders: agreements whose money never changes.
//!
//! The stored status is one of three words; payment and fulfillment status are derived from what happened ([`status`]).
//! Lines are copies of what was bought. Numbers count per store. What happens to an order is appended to its history.
//!
//! Locks: an order before its payments, its payments before stock.
//!
//! Uses: payments, inventory.

mod cancel;
mod capture;
mod contacts;
mod entity;
mod error;
mod events;
mod fulfillments;
mod link;
#[expect(clippy::module_inception, reason = "the operations on orders, as products.rs holds those on products")]
mod orders;
pub mod status;

pub use cancel::{Cancellation, cancel};
pub use capture::capture_payment;
pub use contacts::{BITE as CONTACTS_BITE, ERASED_EMAIL, carts_of, forget_contacts, forget_customer};
pub use entity::{
    fulfillment::Model as Fulfillment,
    fulfillment_line::Model as FulfillmentLine,
    order::{Model as Order, Status},
    order_history::{Event as HistoryEvent, Model as HistoryEntry},
    order_line::Model as OrderLine,
    order_tax_line::Model as OrderTaxLine,
};
pub use error::Error;
pub use events::{FulfillmentCreated, OrderCancelled, OrderCompleted, OrderPlaced};
pub use fulfillments::{NewFulfillment, fulfill, of_order as fulfillments_of_order};
pub use link::OrderLinks;
pub use orders::{
    ListedOrder, NewOrder, OrderFilter, find, find_by_checkout, find_of, history, join, lines, list, lock, number, place, tax_lines,
};
