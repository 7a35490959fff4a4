use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use tenancy::TenantId;

use crate::{
    ids::{CheckoutId, OrderId, PaymentId},
    money::{Currency, Money},
    payments::gateways::{Action, GatewayKind},
};

/// Money promised for a checkout. `status`, `captured` and `refunded` are folds over its events.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "payments")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PaymentId,
    pub checkout_id: CheckoutId,
    pub order_id: Option<OrderId>,
    pub gateway: GatewayKind,
    pub status: Status,
    pub currency: Currency,
    pub amount: i64,
    pub captured: i64,
    pub refunded: i64,
    pub gateway_reference: Option<String>,
    pub idempotency_key: Option<String>,
    pub fingerprint: Option<Vec<u8>>,
    pub token: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub action: Option<Action>,
    pub failure_code: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum Status {
    /// Asked for, not settled: the gateway has not answered, or the shopper pays later (`manual`).
    Pending,
    /// The shopper has something to do (3-D Secure).
    RequiresAction,
    Authorized,
    Captured,
    Failed,
    Voided,
    /// Given back in whole.
    Refunded,
}

impl Status {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::RequiresAction => "requires_action",
            Self::Authorized => "authorized",
            Self::Captured => "captured",
            Self::Failed => "failed",
            Self::Voided => "voided",
            Self::Refunded => "refunded",
        }
    }

    /// Whether money may still come by this payment, or has.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Pending | Self::RequiresAction | Self::Authorized | Self::Captured)
    }
}

impl Model {
    pub fn money(&self) -> Money {
        Money::new(self.amount, self.currency)
    }

    /// Names the charge to the gateway: a retry is the same request.
    pub fn charge_key(&self) -> String {
        format!("{}:charge", self.id)
    }
}
