use rust_decimal::Decimal;
use sea_orm::entity::prelude::*;
use tenancy::TenantId;

use crate::ids::{OrderId, OrderLineId, TaxLineId};

/// The tax on one line, or on the shipping (no line), and why.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "order_tax_lines")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TaxLineId,
    pub order_id: OrderId,
    pub line_id: Option<OrderLineId>,
    pub name: String,
    pub country: String,
    pub tax_class: String,
    #[sea_orm(column_type = "Decimal(Some((7, 4)))")]
    pub percent: Decimal,
    pub taxable: i64,
    pub amount: i64,
    pub reason: String,
}

impl ActiveModelBehavior for ActiveModel {}
