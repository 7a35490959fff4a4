//! Checkout: a priced, addressed, reserved attempt to buy a cart, and how it becomes an order.
//!
//! Promises
//! - Opening holds the stock of every line or of none; nothing is sold that is not held.
//! - A shopper pays the total they saw, or is told the new one; a checkout becomes one order, however often and by whomever
//!   it is completed; an order's money comes once, and what comes too late goes back.
//! - A checkout's id is its key, as a cart's is: 122 random bits. One that a customer opened is seen by nobody else.
//!
//! Locks: a checkout before its payments, payments before orders, orders before stock.
//!
//! Uses: cart, shipping, tax, inventory, payments, orders.

mod change;
mod checkouts;
mod contacts;
mod entity;
mod error;
mod finalize;
mod open;
mod place_order;
mod sweep;
mod totals;

pub use change::{Details, change};
pub use checkouts::{Requirement, View, show};
pub use contacts::{BITE as CONTACTS_BITE, carts_of, forget_contacts, forget_customer, join};
pub use entity::{
    checkout::{Model as Checkout, Status},
    checkout_line::Model as CheckoutLine,
    checkout_tax_line::Model as CheckoutTaxLine,
};
pub use error::Error;
pub use finalize::Outcome;
pub use open::{NewCheckout, call_off_open, open};
pub use place_order::{PlaceOrder, place_order};
pub use sweep::{Swept, due_tenants, sweep};
