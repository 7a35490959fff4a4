//! Shipping: where a store sends to, by which methods, and what that costs.
//!
//! Promises: a country belongs to at most one zone of a store, and one that belongs to none is not shipped to. A method is
//! offered when it has a rate in the currency of the cart that covers its weight; [`quote::quotes`] decides that and is pure.
//! Quotes come in the store's own order. What was once chosen for an order is deactivated, never deleted.
//!
//! Uses: money, clock. Knows nothing of carts or orders.

mod defaults;
pub mod entity;
mod error;
pub mod methods;
pub mod quote;
pub mod rates;
pub mod zones;

pub use defaults::defaults;
pub use entity::shipping_method::Kind;
pub use error::Error;
pub use methods::{Method, MethodChanges, NewMethod};
pub use quote::{Quote, options};
pub use rates::Rate;
pub use zones::{NewZone, Zone, ZoneChanges};
