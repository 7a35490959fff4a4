//! Counted units of a variant at a location. `on_hand` is the fold of the level's movements.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use tenancy::TenantId;

use crate::ids::{LocationId, StockLevelId, VariantId};

/// Whether a level may be sold below what is on hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum Backorder {
    #[default]
    #[sea_orm(string_value = "deny")]
    Deny,
    #[sea_orm(string_value = "allow")]
    Allow,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stock_levels")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: StockLevelId,
    pub variant_id: VariantId,
    pub location_id: LocationId,
    pub on_hand: i32,
    pub reserved: i32,
    pub safety_stock: i32,
    pub reorder_point: Option<i32>,
    pub backorder: Backorder,
    pub low_since: Option<DateTimeUtc>,
    pub out_since: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
