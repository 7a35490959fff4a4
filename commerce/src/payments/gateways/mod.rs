//! The seam to those who move money.
//!
//! A gateway is called between transactions, never inside one, and every call is named by an operation key: the same key
//! is the same operation, however often it is asked for. A lost answer is therefore asked for again, not guessed.

mod manual;
pub mod test;

use std::sync::Arc;

use async_trait::async_trait;
use sea_orm::{DeriveActiveEnum, EnumIter, FromJsonQueryResult};
use serde::{Deserialize, Serialize};
use tenancy::TenantDb;

use crate::money::Money;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum GatewayKind {
    /// Pretends: for development and for trying a storefront.
    Test,
    /// The shopper pays later by bank transfer or on delivery; the vendor says when the money came.
    Manual,
}

impl GatewayKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Manual => "manual",
        }
    }
}

/// A request for money.
#[derive(Clone, Debug)]
pub struct Charge {
    pub operation_key: String,
    pub amount: Money,
    /// What the gateway's own form gave the storefront; never a card number.
    pub token: Option<String>,
}

/// A request to give money back.
#[derive(Clone, Debug)]
pub struct Refund {
    pub operation_key: String,
    /// The operation key of the charge that is given back.
    pub charge_key: String,
    pub amount: Money,
}

/// What became of a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Captured {
        reference: Option<String>,
    },
    /// Nothing to wait for: the order stands, the money comes later.
    Promised,
    ActionRequired {
        reference: String,
        action: Action,
    },
    Declined {
        code: String,
        message: String,
    },
}

/// What the shopper has to do before the charge can go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Action {
    /// Answer the test gateway's challenge at this path of the storefront API.
    TestChallenge { path: String },
}

#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// Nobody knows whether it happened: ask again with the same key.
    #[error("the payment provider did not answer")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It did not happen, and will not by asking again.
    #[error("the payment provider refused: {0}")]
    Refused(String),
}

#[async_trait]
pub trait PaymentGateway: Send + Sync {
    /// Asks for money, or answers what became of the same request before.
    async fn charge(&self, db: &TenantDb, charge: &Charge) -> Result<Answer, GatewayError>;

    /// What became of a charge; None when the gateway never heard of it.
    async fn find(&self, db: &TenantDb, charge_key: &str) -> Result<Option<Answer>, GatewayError>;

    /// Makes sure that a charge that has not succeeded never will. Answers what it is from now on.
    async fn void(&self, db: &TenantDb, charge: &Charge) -> Result<Answer, GatewayError>;

    /// Gives money back; answers the gateway's reference.
    async fn refund(&self, db: &TenantDb, refund: &Refund) -> Result<Option<String>, GatewayError>;
}

/// The gateways of this deployment.
#[derive(Clone)]
pub struct Gateways {
    test: Arc<dyn PaymentGateway>,
    manual: Arc<dyn PaymentGateway>,
}

impl Gateways {
    pub fn new() -> Self {
        Self { test: Arc::new(test::TestGateway), manual: Arc::new(manual::Manual) }
    }

    pub fn get(&self, kind: GatewayKind) -> &dyn PaymentGateway {
        match kind {
            GatewayKind::Test => self.test.as_ref(),
            GatewayKind::Manual => self.manual.as_ref(),
        }
    }
}

impl Default for Gateways {
    fn default() -> Self {
        Self::new()
    }
}
