//! Tax: what a store owes on what it sells, by the country it sells to and the class of the goods.
//!
//! Promises: [`calculate()`] is pure and answers one tax line for each taxable amount, in the same order, with its reason
//! even at zero; a tax is rounded once, per line, half away from zero; a tax inside a gross price never exceeds it, and
//! `taxable + amount` is the gross price to the minor unit. Rates are data of the store: there is no built-in table.
//!
//! Uses: money, clock. Knows nothing of carts or orders.

pub mod calculate;
pub mod entity;
mod error;
pub mod rates;

pub use calculate::{Rate, RateTable, Reason, TaxLine, Taxable, calculate, total};
pub use entity::tax_rate::Model as TaxRate;
pub use error::Error;

/// The class of goods that no one gave a class.
pub const STANDARD_CLASS: &str = "standard";

/// Whether `word` may name a class of goods: `[a-z][a-z0-9_]{0,31}`.
pub fn is_class(word: &str) -> bool {
    word.len() <= 32
        && word.starts_with(|first: char| first.is_ascii_lowercase())
        && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
