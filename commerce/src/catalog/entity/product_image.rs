//! A picture of a product, or of one of its variants.

use sea_orm::entity::prelude::*;
use tenancy::TenantId;

use crate::ids::{ImageId, MediaId, ProductId, VariantId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "product_images")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ImageId,
    pub product_id: ProductId,
    pub variant_id: Option<VariantId>,
    /// What is shown now: ours, or the address that the store named.
    pub url: Option<String>,
    pub source_url: Option<String>,
    pub media_id: Option<MediaId>,
    pub alt: String,
    pub position: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
