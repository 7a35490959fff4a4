//! People's data: a copy for whom it is about, an end for whoever wants one, and how long the rest is kept (GDPR 15, 17, 20).
//!
//! Promises
//! - Who asks to be forgotten is out at once: nobody signs in, no session goes on. A job takes out the rest, as often as it must:
//!   it may die anywhere and begin anew.
//! - What the law wants kept of a sale is kept without a person: amounts, lines, taxes and where they were due. Names and addresses
//!   stay on an order for as long as its store's rules say ([`rules`]), and while it is still to be sent.
//! - An erasure leaves a receipt that tells how much was erased and nothing of what. It is the tombstone too: a customer whom a
//!   restored backup has brought back is found by it and erased again.
//! - A copy is made of one store's data alone, is read by its own customer alone, and ends after some days.
//!
//! Locks: a customer before their orders and checkouts, as in `customers`.
//!
//! Uses customers, cart, checkout, orders.

mod erase;
mod erasures;
mod error;
mod events;
pub mod exports;
mod gather;
mod retention;
pub mod rules;

pub use erase::erase;
pub use erasures::{AskedBy, Erasure, ask_for_erasure, find_erasure, list_erasures, request_erasure, to_erase_again};
pub use error::Error;
pub use events::{CustomerErased, ErasureRequested, ExportReady, ExportRequested};
pub use retention::{apply_rules, due_tenants};
