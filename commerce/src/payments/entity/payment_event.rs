use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use tenancy::TenantId;

use crate::{
    ids::{PaymentEventId, PaymentId},
    money::Currency,
};

/// One line of a payment's ledger; never changed, never removed.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "payment_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PaymentEventId,
    pub payment_id: PaymentId,
    pub kind: Kind,
    pub outcome: Outcome,
    pub amount: i64,
    pub currency: Currency,
    /// Names the operation to the gateway.
    pub operation_key: String,
    pub gateway_reference: Option<String>,
    pub message: Option<String>,
    pub created_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum Kind {
    Authorize,
    Capture,
    Refund,
    Void,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum Outcome {
    Requested,
    ActionRequired,
    Succeeded,
    Failed,
}
