//! A collection: a list of products that a store's people choose one by one, or by a rule.

use sea_orm::entity::prelude::*;
use tenancy::TenantId;

use crate::ids::{CollectionId, MediaId};

/// How a collection's products are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Kind {
    #[sea_orm(string_value = "curated")]
    Curated,
    #[sea_orm(string_value = "rule")]
    Rule,
}

/// Whether shoppers may see a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Status {
    #[sea_orm(string_value = "draft")]
    Draft,
    #[sea_orm(string_value = "published")]
    Published,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "collections")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CollectionId,
    pub slug: String,
    pub title: String,
    pub description: String,
    pub kind: Kind,
    pub fits: String,
    pub conditions: Json,
    pub sort: String,
    pub status: Status,
    pub published_at: Option<DateTimeUtc>,
    pub seo_title: Option<String>,
    pub seo_description: Option<String>,
    pub media_id: Option<MediaId>,
    pub image_alt: String,
    pub is_settled: bool,
    pub settled_to: Option<Uuid>,
    pub version: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
