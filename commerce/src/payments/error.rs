use std::time::Duration;

use sea_orm::DbErr;

use crate::{
    fault::{Fault, FieldFault, Kind},
    ids::PaymentId,
    money::{Money, MoneyError},
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no payment {0} here")]
    PaymentNotFound(PaymentId),
    #[error("no challenge waits for this answer")]
    NoChallenge,
    #[error("the payment is not waiting to be captured")]
    NotCapturable,
    #[error("{left} at most can still be given back")]
    OverRefund { left: Money },
    #[error("a refund is more than nothing, in the currency of the payment")]
    RefundAmount,
    #[error("the payment provider did not answer; ask again with the same Idempotency-Key")]
    Unreachable,
    #[error("the payment provider refused: {0}")]
    Refused(String),
    #[error(transparent)]
    Money(#[from] MoneyError),
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::PaymentNotFound(_) | Self::NoChallenge => Kind::NotFound,
            Self::NotCapturable => Kind::Conflict,
            Self::OverRefund { .. } | Self::RefundAmount | Self::Money(_) => Kind::Invalid,
            Self::Unreachable => Kind::Unavailable,
            Self::Refused(_) => Kind::PaymentRequired,
            Self::Database(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::PaymentNotFound(_) => "payments.payment_not_found",
            Self::NoChallenge => "payments.challenge_not_found",
            Self::NotCapturable => "payments.not_capturable",
            Self::OverRefund { .. } => "payments.over_refund",
            Self::RefundAmount | Self::Money(_) => "payments.amount_invalid",
            Self::Unreachable => "payments.provider_unreachable",
            Self::Refused(_) => "payments.provider_refused",
            Self::Database(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::OverRefund { .. } | Self::RefundAmount | Self::Money(_) => {
                vec![FieldFault::new("/amount", "amount", self.to_string())]
            }
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unreachable => Some(Duration::from_secs(2)),
            Self::Database(error) => error.retry_after(),
            _ => None,
        }
    }
}
