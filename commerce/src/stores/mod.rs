//! Stores as the platform keeps them: opened whole or not at all, set by their owners, suspended by operators.
//!
//! Promises
//! - A store that exists can sell: its owner, host name, settings, first location, tax and shipping rules and keys are made in the
//!   transaction that makes it.
//! - A change of what every request asks (name, currencies, suspension) reaches every process at once.
//! - What an operator does is in the audit log, in the transaction that does it.
//!
//! Uses identity, tax, shipping.

pub mod audit;
mod default_tax;
mod error;
mod events;
mod open_store;
pub mod settings;
mod slug;
pub mod support;
pub mod tenants;

pub use error::Error;
pub use events::{StoreOpened, SupportSessionBegan};
pub use open_store::{NewStore, OpenedStore, open_store, open_store_by_provider};
