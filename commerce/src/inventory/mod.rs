//! Counted goods: locations, levels, and the ledger of movements that explains every unit.
//!
//! Promises
//! - `on_hand` of a level always equals the sum of its movements.
//! - A level that refuses backorders never holds less than is reserved; one conditional statement decides.
//! - A fall to the reorder point, and running out or being available again, are told once a crossing.
//!
//! Knows variants by id only; the catalogue opens a level when it makes a variant. Uses nothing but what all share.

mod availability;
pub mod entity;
mod error;
mod events;
pub mod levels;
pub mod locations;
pub mod movements;
pub mod reservations;
pub mod stock;

pub use availability::Availability;
pub(crate) use availability::{AVAILABLE, LEVEL_RANK};
pub use error::Error;
pub use events::{StockAvailabilityChanged, StockBecameLow};
