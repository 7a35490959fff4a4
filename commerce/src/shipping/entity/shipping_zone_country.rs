use sea_orm::entity::prelude::*;
use tenancy::TenantId;

use crate::ids::ShippingZoneId;

/// One country of a zone; the key says that it is in no other.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "shipping_zone_countries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub country: String,
    pub zone_id: ShippingZoneId,
}

impl ActiveModelBehavior for ActiveModel {}
