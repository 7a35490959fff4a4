use std::time::Duration;

use sea_orm::DbErr;

use super::addresses::AT_MOST;
use crate::{
    cart, checkout,
    fault::{Fault, FieldFault, Kind},
    identity::{self, oauth},
    ids::{AddressId, CustomerId},
    page::CursorError,
    stores,
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no customer {0} here")]
    NotFound(CustomerId),
    #[error("the customer has asked to be forgotten: nothing of them is written down any more")]
    Closed,
    #[error("there is no address {0} here")]
    AddressNotFound(AddressId),
    #[error("an address book holds at most {AT_MOST} addresses")]
    TooManyAddresses,
    #[error("it was changed since you read it; read it again and repeat your change")]
    ChangedMeanwhile,
    #[error("the request is not valid")]
    Invalid(Vec<FieldFault>),
    #[error("the cart is being changed by many at once; try again")]
    Busy,
    #[error(transparent)]
    Identity(#[from] identity::Error),
    #[error(transparent)]
    OAuth(#[from] oauth::Error),
    #[error(transparent)]
    Store(#[from] stores::Error),
    #[error(transparent)]
    Cart(#[from] cart::Error),
    #[error(transparent)]
    Checkout(#[from] checkout::Error),
    #[error(transparent)]
    Cursor(#[from] CursorError),
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound(_) | Self::AddressNotFound(_) => Kind::NotFound,
            Self::TooManyAddresses | Self::Closed => Kind::Conflict,
            Self::ChangedMeanwhile => Kind::Outdated,
            Self::Invalid(_) => Kind::Invalid,
            Self::Busy => Kind::Unavailable,
            Self::Identity(error) => error.kind(),
            Self::OAuth(error) => error.kind(),
            Self::Store(error) => error.kind(),
            Self::Cart(error) => error.kind(),
            Self::Checkout(error) => error.kind(),
            Self::Cursor(error) => error.kind(),
            Self::Database(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "customers.not_found",
            Self::Closed => "customers.closed",
            Self::AddressNotFound(_) => "customers.address_not_found",
            Self::TooManyAddresses => "customers.too_many_addresses",
            Self::ChangedMeanwhile => "request.changed_meanwhile",
            Self::Invalid(_) => "customers.invalid",
            Self::Busy => "customers.busy",
            Self::Identity(error) => error.code(),
            Self::OAuth(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Cart(error) => error.code(),
            Self::Checkout(error) => error.code(),
            Self::Cursor(error) => error.code(),
            Self::Database(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Invalid(faults) => faults.clone(),
            Self::Identity(error) => error.fields(),
            Self::OAuth(error) => error.fields(),
            Self::Store(error) => error.fields(),
            Self::Cart(error) => error.fields(),
            Self::Checkout(error) => error.fields(),
            Self::Cursor(error) => error.fields(),
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy => Some(Duration::from_secs(1)),
            Self::Identity(error) => error.retry_after(),
            Self::OAuth(error) => error.retry_after(),
            Self::Store(error) => error.retry_after(),
            Self::Cart(error) => error.retry_after(),
            Self::Checkout(error) => error.retry_after(),
            Self::Database(error) => error.retry_after(),
            _ => None,
        }
    }
}
