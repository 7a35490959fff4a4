use sea_orm::entity::prelude::*;
use tenancy::TenantId;

use crate::ids::{CheckoutId, CheckoutLineId, ProductId, VariantId};

/// A line as it was frozen when the checkout was priced last.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "checkout_lines")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CheckoutLineId,
    pub checkout_id: CheckoutId,
    pub variant_id: VariantId,
    pub product_id: ProductId,
    pub position: i32,
    pub product_title: String,
    pub variant_title: String,
    pub sku: Option<String>,
    pub image_url: Option<String>,
    pub quantity: i32,
    pub unit_price: i64,
    pub subtotal: i64,
    pub tax_total: i64,
    pub weight_grams: i32,
    pub requires_shipping: bool,
    pub is_stock_tracked: bool,
    pub tax_class: String,
}

impl ActiveModelBehavior for ActiveModel {}
