//! Cart: a wish that changes freely, until a checkout freezes it.
//!
//! A cart lives in Redis and is copied to Postgres within seconds; every answer is priced from Postgres at that moment.
//!
//! Promises
//! - An acknowledged edit is never lost to another edit: the version is compared and set in one step. A lost Redis costs
//!   the edits of the last seconds, no cart; while Redis is away, carts are edited in their copies.
//! - The newer of the two wins: the statement that prices a cart also asks whether its copy is newer.
//! - A cart says nothing of money itself: prices, stock, tax and shipping are read anew for each answer. It only remembers
//!   the price its owner saw when a line was last touched, to be able to say that it changed.
//! - **A cart's id is its key.** Guests have no other: who knows the 122 random bits may read and change the cart, address
//!   and e-mail included. It must not be written to logs or shown in a URL that leaves the storefront.
//! - A customer's cart is theirs alone: to everybody else it is absent. A guest's cart that is merged into it counts once.
//!
//! Uses: money, clock, address, tax, shipping, stores; reads the tables of catalog and inventory.

mod content;
pub mod copy;
mod edit;
mod error;
mod keep;
mod merge;
mod owned;
mod price;
mod priced;
mod store;

pub use content::{Cart, CartLine, MAX_BYTES, MAX_LINES, MAX_QUANTITY};
pub use edit::{Details, NewLine};
pub use error::Error;
pub use price::price_lines;
pub use priced::{PricedCart, PricedLine, Requirement, Totals, Warning};
pub use store::{CartStore, NewCart};
