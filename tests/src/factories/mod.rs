//! Builders with believable defaults. They go through the product's own operations, so that rules hold for them too.

mod product;

pub use product::{ProductBuilder, a_product};
