//! Facts of the inventory. Both are told once a crossing, not once a movement.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    ids::{ProductId, StockLevelId, VariantId},
    outbox::Fact,
};

/// A level fell to its reorder point or below.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockBecameLow {
    pub stock_level_id: StockLevelId,
    pub variant_id: VariantId,
    pub product_id: ProductId,
    pub available: i32,
    pub reorder_point: i32,
}

impl Fact for StockBecameLow {
    const CODE: &'static str = "stock.low";
    const AGGREGATE: &'static str = "stock_level";

    fn aggregate_id(&self) -> Uuid {
        self.stock_level_id.uuid()
    }
}

/// A level can no longer be sold from, or can again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockAvailabilityChanged {
    pub stock_level_id: StockLevelId,
    pub variant_id: VariantId,
    pub product_id: ProductId,
    pub is_available: bool,
}

impl Fact for StockAvailabilityChanged {
    const CODE: &'static str = "stock.availability_changed";
    const AGGREGATE: &'static str = "stock_level";

    fn aggregate_id(&self) -> Uuid {
        self.stock_level_id.uuid()
    }
}
