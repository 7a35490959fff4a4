use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use tenancy::TenantId;

use crate::ids::{FulfillmentId, LocationId, OrderId};

/// Goods that left for an order.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "fulfillments")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FulfillmentId,
    pub order_id: OrderId,
    pub location_id: LocationId,
    pub carrier: Option<String>,
    pub tracking_number: Option<String>,
    pub tracking_url: Option<String>,
    pub created_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}
