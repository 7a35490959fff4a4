//! Why a catalogue operation was refused.

use sea_orm::DbErr;

use crate::{
    fault::{Fault, FieldFault, Kind, violated},
    ids::{CategoryId, ImageId, ImportId, OptionId, ProductId, TagId, VariantId},
    inventory,
    page::CursorError,
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no product {0}")]
    ProductNotFound(String),
    #[error("there is no variant {0}")]
    VariantNotFound(VariantId),
    #[error("there is no option {0}")]
    OptionNotFound(OptionId),
    #[error("there is no image {0}")]
    ImageNotFound(ImageId),
    #[error("there is no category {0}")]
    CategoryNotFound(CategoryId),
    #[error("there is no tag {0}")]
    TagNotFound(TagId),
    #[error("there is no import {0}")]
    ImportNotFound(ImportId),
    #[error("the slug is already used in this store")]
    SlugTaken,
    #[error("the external id is already used in this store")]
    ExternalIdTaken,
    #[error("a SKU is already used in this store")]
    SkuTaken,
    #[error("another variant or option took the same value meanwhile")]
    ValueTaken,
    /// The caller's copy is old.
    #[error("the product has changed: it is at version {actual}, not {expected}")]
    VersionMoved { expected: i64, actual: i64 },
    #[error("a published product needs a variant with a price in the store's main currency")]
    NothingToSell(ProductId),
    /// Deleting it would tear a hole into an order or a checkout.
    #[error("it has been in a checkout or an order: archive the product instead")]
    InUse,
    #[error("a category cannot stand below itself")]
    CategoryCycle,
    #[error("the category still has categories below it")]
    CategoryNotEmpty,
    #[error("without this option two variants would be the same")]
    OptionDistinguishes(OptionId),
    #[error("{}", first(.0))]
    Invalid(Vec<FieldFault>),
    /// The file as a whole cannot be imported.
    #[error("{0}")]
    FileRefused(String),
    #[error(transparent)]
    Cursor(#[from] CursorError),
    #[error(transparent)]
    Inventory(#[from] inventory::Error),
    #[error(transparent)]
    Database(DbErr),
}

fn first(faults: &[FieldFault]) -> String {
    match faults {
        [] => "the request is not right".into(),
        [only] => format!("{}: {}", only.pointer, only.detail),
        [first, rest @ ..] => format!("{}: {} (and {} more)", first.pointer, first.detail, rest.len()),
    }
}

impl Error {
    pub(super) fn at(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldFault::new(pointer, code, detail)])
    }
}

/// The schema decides what is taken; here its constraints get their names in the domain.
impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match violated(&error).as_deref() {
            Some("products_slug_key" | "categories_slug_key" | "tags_slug_key") => Self::SlugTaken,
            Some("products_external_id_key") => Self::ExternalIdTaken,
            Some("variants_sku_key") => Self::SkuTaken,
            Some("product_options_product_id_name_key" | "option_values_option_id_value_key") => Self::ValueTaken,
            Some("reservations_stock_level_id_fkey") => Self::InUse,
            Some("product_categories_category_id_fkey") => Self::at("/categories", "unknown", "names a category that does not exist"),
            Some("categories_parent_id_fkey") => Self::at("/parent_id", "unknown", "names a category that does not exist"),
            _ => Self::Database(error),
        }
    }
}

impl From<FieldFault> for Error {
    fn from(fault: FieldFault) -> Self {
        Self::Invalid(vec![fault])
    }
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::ProductNotFound(_)
            | Self::VariantNotFound(_)
            | Self::OptionNotFound(_)
            | Self::ImageNotFound(_)
            | Self::CategoryNotFound(_)
            | Self::TagNotFound(_)
            | Self::ImportNotFound(_) => Kind::NotFound,
            Self::SlugTaken
            | Self::ExternalIdTaken
            | Self::SkuTaken
            | Self::ValueTaken
            | Self::NothingToSell(_)
            | Self::InUse
            | Self::CategoryCycle
            | Self::CategoryNotEmpty
            | Self::OptionDistinguishes(_) => Kind::Conflict,
            Self::VersionMoved { .. } => Kind::Outdated,
            Self::Invalid(_) | Self::FileRefused(_) => Kind::Invalid,
            Self::Cursor(error) => error.kind(),
            Self::Inventory(error) => error.kind(),
            Self::Database(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::ProductNotFound(_) => "catalog.product_not_found",
            Self::VariantNotFound(_) => "catalog.variant_not_found",
            Self::OptionNotFound(_) => "catalog.option_not_found",
            Self::ImageNotFound(_) => "catalog.image_not_found",
            Self::CategoryNotFound(_) => "catalog.category_not_found",
            Self::TagNotFound(_) => "catalog.tag_not_found",
            Self::ImportNotFound(_) => "catalog.import_not_found",
            Self::SlugTaken => "catalog.slug_taken",
            Self::ExternalIdTaken => "catalog.external_id_taken",
            Self::SkuTaken => "catalog.sku_taken",
            Self::ValueTaken => "catalog.value_taken",
            Self::VersionMoved { .. } => "catalog.version_moved",
            Self::NothingToSell(_) => "catalog.nothing_to_sell",
            Self::InUse => "catalog.in_use",
            Self::CategoryCycle => "catalog.category_cycle",
            Self::CategoryNotEmpty => "catalog.category_not_empty",
            Self::OptionDistinguishes(_) => "catalog.option_distinguishes",
            Self::Invalid(_) => "catalog.invalid",
            Self::FileRefused(_) => "catalog.file_refused",
            Self::Cursor(error) => error.code(),
            Self::Inventory(error) => error.code(),
            Self::Database(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Invalid(faults) => faults.clone(),
            Self::Cursor(error) => error.fields(),
            Self::Inventory(error) => error.fields(),
            Self::SlugTaken => vec![FieldFault::new("/slug", "taken", self.to_string())],
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<std::time::Duration> {
        match self {
            Self::Database(error) => error.retry_after(),
            Self::Inventory(error) => error.retry_after(),
            _ => None,
        }
    }
}
