use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use tenancy::TenantId;

use crate::{
    address::Address,
    checkout::Error,
    ids::{CartId, CheckoutId, CustomerId, ShippingMethodId},
    money::{Currency, Money},
};

/// A priced, addressed, reserved attempt to buy a cart.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "checkouts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CheckoutId,
    pub cart_id: CartId,
    /// Who buys, and alone may see it; none while it is a guest's.
    pub customer_id: Option<CustomerId>,
    pub status: Status,
    pub email: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub shipping_address: Option<Address>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub billing_address: Option<Address>,
    pub shipping_method_id: Option<ShippingMethodId>,
    pub shipping_method_name: Option<String>,
    pub currency: Currency,
    pub prices_include_tax: bool,
    pub subtotal: i64,
    pub shipping_total: i64,
    pub tax_total: i64,
    pub total: i64,
    pub version: i64,
    pub expires_at: DateTime<Utc>,
    pub completing_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum Status {
    Open,
    /// A payment is being asked for.
    Completing,
    /// It became an order.
    Completed,
    Expired,
    /// Another checkout of the same cart took its place, or it could not become an order.
    Cancelled,
}

impl Status {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Completing => "completing",
            Self::Completed => "completed",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Model {
    pub fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }

    /// # Errors
    /// `NotFound`: it is a customer's, and somebody else asks.
    pub(crate) fn check_seen_by(&self, customer: Option<CustomerId>) -> Result<(), Error> {
        if self.customer_id.is_none_or(|own| customer == Some(own)) { Ok(()) } else { Err(Error::NotFound) }
    }
}
