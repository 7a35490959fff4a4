use std::time::Duration;

use sea_orm::DbErr;

use crate::{
    fault::{Fault, FieldFault, Kind},
    ids::OrderId,
    inventory,
    page::CursorError,
    payments,
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no order {0} here")]
    OrderNotFound(OrderId),
    #[error("there is no such order")]
    LinkInvalid,
    #[error("the order is cancelled")]
    AlreadyCancelled,
    #[error("goods of this order have left; take them back as a return")]
    AlreadyFulfilled,
    #[error("the request is not valid")]
    Invalid(Vec<FieldFault>),
    #[error(transparent)]
    Inventory(#[from] inventory::Error),
    #[error(transparent)]
    Payment(#[from] payments::Error),
    #[error(transparent)]
    Cursor(#[from] CursorError),
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::OrderNotFound(_) | Self::LinkInvalid => Kind::NotFound,
            Self::AlreadyCancelled | Self::AlreadyFulfilled => Kind::Conflict,
            Self::Invalid(_) => Kind::Invalid,
            Self::Inventory(error) => error.kind(),
            Self::Payment(error) => error.kind(),
            Self::Cursor(error) => error.kind(),
            Self::Database(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::OrderNotFound(_) | Self::LinkInvalid => "orders.order_not_found",
            Self::AlreadyCancelled => "orders.already_cancelled",
            Self::AlreadyFulfilled => "orders.already_fulfilled",
            Self::Invalid(_) => "orders.invalid",
            Self::Inventory(error) => error.code(),
            Self::Payment(error) => error.code(),
            Self::Cursor(error) => error.code(),
            Self::Database(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Invalid(fields) => fields.clone(),
            Self::Inventory(error) => error.fields(),
            Self::Payment(error) => error.fields(),
            Self::Cursor(error) => error.fields(),
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Inventory(error) => error.retry_after(),
            Self::Payment(error) => error.retry_after(),
            Self::Database(error) => error.retry_after(),
            _ => None,
        }
    }
}
