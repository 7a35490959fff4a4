use std::time::Duration;

use sea_orm::DbErr;

use super::content::{MAX_BYTES, MAX_LINES, MAX_QUANTITY};
use crate::fault::{Fault, FieldFault, Kind};
use crate::ids::CartLineId;
use crate::money::{Currency, MoneyError};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    // An id of a cart is a key: it is not repeated in messages.
    #[error("there is no such cart in this store")]
    NotFound,
    #[error("there is no line {0} in this cart")]
    LineNotFound(CartLineId),
    #[error("a quantity must be 1 to {MAX_QUANTITY}")]
    QuantityOutOfRange { pointer: String },
    #[error("a cart holds at most {MAX_LINES} lines")]
    TooManyLines,
    #[error("a cart takes at most {MAX_BYTES} bytes")]
    TooLarge,
    #[error("this variant is not for sale in the cart's currency")]
    NotForSale { pointer: String },
    #[error("the store does not sell in {0}")]
    CurrencyNotAccepted(Currency),
    #[error("the currency of a cart with lines cannot change")]
    CurrencyFixed,
    #[error("the details are not valid")]
    Invalid(Vec<FieldFault>),
    #[error(transparent)]
    Money(#[from] MoneyError),
    #[error("the cart is being changed by many at once; try again")]
    Busy,
    #[error("carts cannot be read now; try again")]
    Away,
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound | Self::LineNotFound(_) => Kind::NotFound,
            Self::Busy | Self::Away => Kind::Unavailable,
            Self::Database(error) => error.kind(),
            Self::QuantityOutOfRange { .. }
            | Self::TooManyLines
            | Self::TooLarge
            | Self::NotForSale { .. }
            | Self::CurrencyNotAccepted(_)
            | Self::CurrencyFixed
            | Self::Invalid(_)
            | Self::Money(_) => Kind::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "cart.not_found",
            Self::LineNotFound(_) => "cart.line_not_found",
            Self::QuantityOutOfRange { .. } => "cart.quantity_out_of_range",
            Self::TooManyLines => "cart.too_many_lines",
            Self::TooLarge => "cart.too_large",
            Self::NotForSale { .. } => "cart.not_for_sale",
            Self::CurrencyNotAccepted(_) => "cart.currency_not_accepted",
            Self::CurrencyFixed => "cart.currency_fixed",
            Self::Invalid(_) => "cart.invalid",
            Self::Money(_) => "cart.amount_too_large",
            Self::Busy => "cart.busy",
            Self::Away => "cart.unavailable",
            Self::Database(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        let at = |pointer: &str, code| vec![FieldFault::new(pointer, code, self.to_string())];
        match self {
            Self::QuantityOutOfRange { pointer } => at(pointer, "range"),
            Self::NotForSale { pointer } => at(pointer, "not_for_sale"),
            Self::TooManyLines => at("/lines", "length"),
            Self::CurrencyNotAccepted(_) | Self::CurrencyFixed => at("/currency", "currency"),
            Self::Invalid(faults) => faults.clone(),
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy | Self::Away => Some(Duration::from_secs(1)),
            Self::Database(error) => error.retry_after(),
            _ => None,
        }
    }
}
