//! What tests stand on: a database of their own, a world around it, builders for what is in it, and the invariants that
//! must hold whatever a test did.
//!
//! No mocks of Postgres or Redis: fakes stand only at the product's own seams.

pub mod database;
pub mod invariants;
pub mod settings;
