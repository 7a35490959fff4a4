use sea_orm::entity::prelude::*;
use tenancy::TenantId;

use crate::ids::{ShippingMethodId, ShippingRateId};

/// What a method costs in one currency up to a weight.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "shipping_rates")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ShippingRateId,
    pub method_id: ShippingMethodId,
    pub currency: String,
    /// Inclusive; without it, any weight.
    pub up_to_grams: Option<i32>,
    pub amount: i64,
}

impl ActiveModelBehavior for ActiveModel {}
