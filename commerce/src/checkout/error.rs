use std::time::Duration;

use sea_orm::DbErr;

use crate::{
    cart,
    fault::{Fault, FieldFault, Kind},
    idempotency,
    ids::VariantId,
    inventory,
    money::{Money, MoneyError},
    orders, payments, shipping,
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    // An id of a checkout is a guest's key: it is not repeated in messages.
    #[error("there is no such checkout in this store")]
    NotFound,
    #[error("the cart is empty")]
    CartEmpty,
    #[error("the cart has become an order already")]
    CartOrdered,
    #[error("some lines are not for sale any more")]
    Unavailable { pointers: Vec<String> },
    #[error("there is not enough of some lines")]
    OutOfStock { variants: Vec<VariantId>, pointers: Vec<String> },
    #[error("the last ones were sold while the payment was on its way; what was taken is given back")]
    SoldOut,
    #[error("the time to complete this checkout is over; open another from the same cart")]
    Expired,
    #[error("this checkout was replaced by another or called off")]
    Cancelled,
    #[error("the checkout is being completed")]
    InProgress,
    #[error("the checkout cannot be completed yet")]
    Incomplete { pointers: Vec<&'static str> },
    #[error("the total is {actual} now, not {expected}")]
    TotalChanged { expected: Money, actual: Money },
    #[error("this shipping method does not take these goods to this address")]
    ShippingMethodUnavailable,
    #[error("{message}")]
    Declined { code: String, message: String },
    #[error("the request is not valid")]
    Invalid(Vec<FieldFault>),
    #[error(transparent)]
    Cart(#[from] cart::Error),
    #[error(transparent)]
    Shipping(#[from] shipping::Error),
    #[error(transparent)]
    Inventory(#[from] inventory::Error),
    #[error(transparent)]
    Payment(#[from] payments::Error),
    #[error(transparent)]
    Order(#[from] orders::Error),
    #[error(transparent)]
    Idempotency(#[from] idempotency::Error),
    #[error(transparent)]
    Money(#[from] MoneyError),
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::CartOrdered
            | Self::Unavailable { .. }
            | Self::OutOfStock { .. }
            | Self::SoldOut
            | Self::Cancelled
            | Self::InProgress
            | Self::TotalChanged { .. } => Kind::Conflict,
            Self::Expired => Kind::Gone,
            Self::CartEmpty | Self::Incomplete { .. } | Self::ShippingMethodUnavailable | Self::Invalid(_) | Self::Money(_) => {
                Kind::Invalid
            }
            Self::Declined { .. } => Kind::PaymentRequired,
            Self::Cart(error) => error.kind(),
            Self::Shipping(error) => error.kind(),
            Self::Inventory(error) => error.kind(),
            Self::Payment(error) => error.kind(),
            Self::Order(error) => error.kind(),
            Self::Idempotency(error) => error.kind(),
            Self::Database(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "checkout.not_found",
            Self::CartEmpty => "checkout.cart_empty",
            Self::CartOrdered => "checkout.cart_ordered",
            Self::Unavailable { .. } => "checkout.line_unavailable",
            Self::OutOfStock { .. } => "checkout.out_of_stock",
            Self::SoldOut => "checkout.sold_out",
            Self::Expired => "checkout.expired",
            Self::Cancelled => "checkout.cancelled",
            Self::InProgress => "checkout.in_progress",
            Self::Incomplete { .. } => "checkout.incomplete",
            Self::TotalChanged { .. } => "checkout.total_changed",
            Self::ShippingMethodUnavailable => "checkout.shipping_method_unavailable",
            Self::Declined { .. } => "payments.declined",
            Self::Invalid(_) | Self::Money(_) => "checkout.invalid",
            Self::Cart(error) => error.code(),
            Self::Shipping(error) => error.code(),
            Self::Inventory(error) => error.code(),
            Self::Payment(error) => error.code(),
            Self::Order(error) => error.code(),
            Self::Idempotency(error) => error.code(),
            Self::Database(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        let at = |pointer: &str, code, detail: &str| FieldFault::new(pointer, code, detail);
        match self {
            Self::CartEmpty => vec![at("/cart_id", "empty", "the cart has no lines")],
            Self::Unavailable { pointers } => {
                pointers.iter().map(|pointer| at(pointer, "unavailable", "is not for sale any more")).collect()
            }
            Self::OutOfStock { pointers, .. } => {
                pointers.iter().map(|pointer| at(pointer, "out_of_stock", "there are fewer left than the line asks for")).collect()
            }
            Self::Incomplete { pointers } => pointers.iter().map(|pointer| at(pointer, "required", "is needed before payment")).collect(),
            Self::TotalChanged { .. } => vec![at("/expected_total", "total_changed", &self.to_string())],
            Self::ShippingMethodUnavailable => vec![at("/shipping_method_id", "unavailable", &self.to_string())],
            Self::Declined { code, .. } => vec![at("/payment", "declined", code)],
            Self::Invalid(fields) => fields.clone(),
            Self::Cart(error) => error.fields(),
            Self::Shipping(error) => error.fields(),
            Self::Inventory(error) => error.fields(),
            Self::Payment(error) => error.fields(),
            Self::Order(error) => error.fields(),
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::InProgress => Some(Duration::from_secs(1)),
            Self::Cart(error) => error.retry_after(),
            Self::Shipping(error) => error.retry_after(),
            Self::Inventory(error) => error.retry_after(),
            Self::Payment(error) => error.retry_after(),
            Self::Order(error) => error.retry_after(),
            Self::Idempotency(error) => error.retry_after(),
            Self::Database(error) => error.retry_after(),
            _ => None,
        }
    }
}
