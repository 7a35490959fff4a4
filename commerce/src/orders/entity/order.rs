use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use tenancy::TenantId;

use crate::{
    address::Address,
    ids::{CartId, CheckoutId, CustomerId, OrderId},
    money::{Currency, Money},
};

/// An agreement: its lines and its money never change.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "orders")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OrderId,
    pub number: i64,
    pub checkout_id: CheckoutId,
    pub cart_id: CartId,
    /// Whose it is; none while it is a guest's.
    pub customer_id: Option<CustomerId>,
    pub status: Status,
    pub email: String,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub shipping_address: Option<Address>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub billing_address: Option<Address>,
    pub shipping_method_name: Option<String>,
    pub currency: Currency,
    pub prices_include_tax: bool,
    pub subtotal: i64,
    pub shipping_total: i64,
    pub tax_total: i64,
    pub total: i64,
    pub placed_at: DateTime<Utc>,
    pub completed_at: Option<DateTime<Utc>>,
    pub cancelled_at: Option<DateTime<Utc>>,
    pub cancel_reason: Option<String>,
    pub version: i64,
    pub updated_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum Status {
    Placed,
    /// Everything has left and is paid for.
    Completed,
    Cancelled,
}

impl Status {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Model {
    pub fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }
}
