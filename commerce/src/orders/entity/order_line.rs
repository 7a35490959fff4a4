use sea_orm::entity::prelude::*;
use tenancy::TenantId;

use crate::ids::{OrderId, OrderLineId, ProductId, VariantId};

/// What was bought, as it was called and priced at that time.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "order_lines")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OrderLineId,
    pub order_id: OrderId,
    pub variant_id: VariantId,
    pub product_id: ProductId,
    pub position: i32,
    pub product_title: String,
    pub variant_title: String,
    pub sku: Option<String>,
    pub image_url: Option<String>,
    pub quantity: i32,
    pub fulfilled_quantity: i32,
    pub unit_price: i64,
    pub subtotal: i64,
    pub tax_total: i64,
    pub requires_shipping: bool,
}

impl ActiveModelBehavior for ActiveModel {}
