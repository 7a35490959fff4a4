pub mod fulfillment;
pub mod fulfillment_line;
pub mod order;
pub mod order_history;
pub mod order_line;
pub mod order_tax_line;
