//! Carts below the API: where they live, what brings them back, and what races leave of them.

mod copies;
mod lost_redis;
mod owned;
mod pricing;
mod races;
mod shop;
