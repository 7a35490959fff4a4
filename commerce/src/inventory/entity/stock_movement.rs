//! One append-only change of a level.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use tenancy::TenantId;

use crate::ids::{MovementId, OrderId, StockLevelId};

/// Why units came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    #[sea_orm(string_value = "received")]
    Received,
    #[sea_orm(string_value = "sold")]
    Sold,
    #[sea_orm(string_value = "returned")]
    Returned,
    #[sea_orm(string_value = "adjusted")]
    Adjusted,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stock_movements")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MovementId,
    pub stock_level_id: StockLevelId,
    pub kind: Kind,
    pub quantity: i32,
    pub reason: Option<String>,
    pub order_id: Option<OrderId>,
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
