//! The rows of the inventory.

pub mod location;
pub mod stock_level;
pub mod stock_movement;
