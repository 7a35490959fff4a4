//! A variant: what is bought; it carries the SKU, the weight and the tax class.

use sea_orm::entity::prelude::*;
use tenancy::TenantId;

use crate::ids::{ProductId, VariantId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "variants")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: VariantId,
    pub product_id: ProductId,
    pub sku: Option<String>,
    pub barcode: Option<String>,
    /// Another variant had the same before a barcode had to be one variant's.
    pub is_barcode_shared: bool,
    pub title: String,
    pub position: i32,
    pub weight_grams: i32,
    pub requires_shipping: bool,
    pub is_stock_tracked: bool,
    pub tax_class: String,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
