//! What a store sells: products with their options, variants, prices and images, and how they are grouped.
//!
//! Promises
//! - A published product always has something to sell: a variant with a price in the store's main currency.
//! - A variant has one value for each option of its product, and no two variants have the same values.
//! - A product's `version` grows with every change to it or to anything it owns; each change is told once.
//! - A shopper's page costs one statement, and the cost does not grow with the catalogue ([`listing`]).
//! - Descriptions are made safe when they are written; what is read may be shown.
//! - A slug that a published product had leads to it, until another product takes the slug.
//! - Values of attributes are of their kind, and of a choice or a thing that exists; none is lost when a type changes.
//! - A product is published only with the attributes that its type requires.
//! - A product stands in exactly the collections whose rule it fits ([`collections`]).
//! - What is due is published or taken back within a minute, once; what may not be published says why.
//!
//! Uses: inventory (a new variant opens its level; availability), media (what images show).

mod attribute_filters;
pub mod attribute_values;
pub mod attributes;
mod barcodes;
pub mod categories;
pub mod collections;
mod combinations;
mod currencies;
mod description;
pub mod detail;
mod duplicate;
mod edit_variants;
pub mod entity;
mod error;
mod events;
mod fetch_images;
mod generate_variants;
pub mod images;
pub mod imports;
pub mod listing;
mod listing_rows;
mod new_product;
pub mod old_slugs;
pub mod options;
pub mod prices;
pub mod product_types;
pub mod products;
pub mod related;
mod rows;
pub mod schedule;
mod settle;
mod slugs;
pub mod tags;
mod variant_plan;
pub mod variants;

pub use attribute_filters::AttributeFilters;
pub use combinations::ONLY_VARIANT;
pub use detail::{CategoryName, Image, ImageStatus, OptionValue, Price, Product, ProductOption, TagName, Variant};
pub use duplicate::duplicate;
pub use edit_variants::{VariantEdit, edit_variants};
pub use entity::product::Status;
pub use error::Error;
pub use events::{
    AttributeChanged, CategoryChanged, CollectionChanged, CollectionDeleted, ImagesAwaited, ImportCompleted, ImportRequested,
    ProductChange, ProductChanged, ProductDeleted, ProductTypeChanged,
};
pub use fetch_images::{Fetched, fetch_images, tenants_awaiting_images};
pub use generate_variants::{VariantMatrix, generate_variants};
pub use new_product::{MOST_VARIANTS, NewImage, NewOption, NewPrice, NewProduct, NewVariant, Seo};
