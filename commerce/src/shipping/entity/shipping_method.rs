use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use tenancy::TenantId;

use crate::ids::{ShippingMethodId, ShippingZoneId};

/// A way to send goods into a zone.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "shipping_methods")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ShippingMethodId,
    pub zone_id: ShippingZoneId,
    pub name: String,
    pub kind: Kind,
    pub tax_class: String,
    pub position: i32,
    pub is_active: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// How a method finds its price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One price in each currency.
    Flat,
    /// A price for each band of weight in each currency.
    ByWeight,
}

impl ActiveModelBehavior for ActiveModel {}
