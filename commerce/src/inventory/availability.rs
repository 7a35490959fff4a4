//! What a shopper is told about stock: a word, and a count only when few are left.

use serde::{Deserialize, Serialize};

/// Whether units can be bought now. Ordered from worst to best: a product is as available as its best variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    OutOfStock,
    /// Nothing is on hand, but the store takes orders for it.
    Backorder,
    /// On hand, at or below the reorder point.
    Low,
    InStock,
}

impl Availability {
    /// Reads the rank that [`LEVEL_RANK`] computes; no level at all is out of stock.
    pub const fn of_rank(rank: Option<i32>) -> Self {
        match rank {
            Some(3) => Self::InStock,
            Some(2) => Self::Low,
            Some(1) => Self::Backorder,
            _ => Self::OutOfStock,
        }
    }
}

/// SQL for units of the level `s` that may still be promised.
pub(crate) const AVAILABLE: &str = "(s.on_hand - s.reserved - s.safety_stock)";

/// SQL for the rank of the level `s`; `max` over levels is the rank of a variant or a product.
pub(crate) const LEVEL_RANK: &str =
    "CASE WHEN s.on_hand - s.reserved - s.safety_stock <= 0 THEN CASE s.backorder WHEN 'allow' THEN 1 ELSE 0 END
     WHEN s.on_hand - s.reserved - s.safety_stock <= s.reorder_point THEN 2 ELSE 3 END";
