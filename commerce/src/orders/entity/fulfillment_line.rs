use sea_orm::entity::prelude::*;
use tenancy::TenantId;

use crate::ids::{FulfillmentId, OrderLineId};

/// How many units of an order line left with a fulfillment.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "fulfillment_lines")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub fulfillment_id: FulfillmentId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_line_id: OrderLineId,
    pub quantity: i32,
}

impl ActiveModelBehavior for ActiveModel {}
