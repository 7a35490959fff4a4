//! What tests stand on: a database of their own, a world around it, builders for what is in it, and the invariants that
//! must hold whatever a test did.
//!
//! No mocks of Postgres or Redis: fakes stand only at the product's own seams.

mod authenticator;
mod caller;
pub mod canary;
pub mod customer;
pub mod database;
mod factories;
pub mod idp;
pub mod invariants;
mod mailbox;
pub mod oauth;
pub mod pictures;
pub mod process;
pub mod settings;
mod shopping;
mod store;
pub mod stumbling;
mod world;

pub use authenticator::Authenticator;
pub use caller::{Caller, Reply, Sibling};
pub use customer::Customer;
pub use factories::{ProductBuilder, a_product};
pub use mailbox::Mailbox;
pub use shopping::{Guest, an_address};
pub use store::{Colleague, OPERATOR, Store};
pub use world::{HOST, World};
