//! The rows of the catalogue.

pub mod category;
pub mod collection;
pub mod import;
pub mod option_value;
pub mod price;
pub mod product;
pub mod product_category;
pub mod product_image;
pub mod product_option;
pub mod product_tag;
pub mod tag;
pub mod variant;
pub mod variant_option_value;
