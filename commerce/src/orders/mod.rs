//! Orders: agreements whose money never changes.

mod events;

pub use events::{FulfillmentCreated, OrderCancelled, OrderCompleted, OrderPlaced};
