//! Why a catalogue operation was refused.

use sea_orm::DbErr;

use crate::{
    fault::{Fault, FieldFault, Kind, violated},
    ids::{AttributeId, CategoryId, CollectionId, ImageId, ImportId, OptionId, OptionValueId, ProductId, ProductTypeId, TagId, VariantId},
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
    #[error("there is no value {0} of this option")]
    OptionValueNotFound(OptionValueId),
    #[error("there is no image {0}")]
    ImageNotFound(ImageId),
    #[error("there is no category {0}")]
    CategoryNotFound(CategoryId),
    /// What kind of thing, and the name by which a shopper asked for it.
    #[error("there is no {0} `{1}`")]
    NameNotFound(&'static str, String),
    #[error("there is no collection {0}")]
    CollectionNotFound(CollectionId),
    #[error("the collection is made by a rule: its products are those that the rule fits")]
    CollectionByRule,
    #[error("there is no tag {0}")]
    TagNotFound(TagId),
    #[error("there is no attribute {0}")]
    AttributeNotFound(AttributeId),
    #[error("there is no product type {0}")]
    ProductTypeNotFound(ProductTypeId),
    #[error("there is no import {0}")]
    ImportNotFound(ImportId),
    #[error("the slug is already used in this store")]
    SlugTaken,
    #[error("the external id is already used in this store")]
    ExternalIdTaken,
    #[error("a SKU is already used in this store")]
    SkuTaken,
    /// Where it was given.
    #[error("the barcode is already used in this store")]
    BarcodeTaken(String),
    #[error("the product never had the slug `{0}`")]
    SlugNotFound(String),
    #[error("another attribute of this store has the code")]
    CodeTaken,
    #[error("another product type of this store has the name")]
    NameTaken,
    #[error("another choice of the attribute has the label")]
    LabelTaken,
    /// Taking it away would take values from products.
    #[error("products have the choice as a value: give them another first")]
    ChoiceInUse,
    #[error("a product type has the attribute: take it from the type first")]
    AttributeInUse,
    #[error("products have the type: give them another first")]
    ProductTypeInUse,
    #[error("the product type requires the attribute `{0}`")]
    AttributeMissing(String),
    #[error("another variant or option took the same value meanwhile")]
    ValueTaken,
    /// The caller's copy is old.
    #[error("it has changed: it is at version {actual}, not {expected}")]
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
    /// What the store has already, or cannot let go: a code, and each field that is about it.
    #[error("{}", first(.1))]
    Conflicts(&'static str, Vec<FieldFault>),
    #[error("variants stand for the value: give them another first, or remove them")]
    ValueInUse,
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
            Some("products_slug_key" | "categories_slug_key" | "tags_slug_key" | "collections_slug_key") => Self::SlugTaken,
            Some("products_external_id_key") => Self::ExternalIdTaken,
            Some("variants_sku_key") => Self::SkuTaken,
            Some("variants_barcode_key") => Self::BarcodeTaken("/barcode".into()),
            Some("products_schedule_check") => Self::at("/unpublish_at", "order", "must be later than `publish_at`"),
            Some("product_options_product_id_name_key" | "option_values_option_id_value_key") => Self::ValueTaken,
            Some("attributes_code_key") => Self::CodeTaken,
            Some("product_types_name_key") => Self::NameTaken,
            Some("attribute_choices_attribute_id_label_key") => Self::LabelTaken,
            Some("attribute_values_choice_id_fkey") => Self::ChoiceInUse,
            Some("product_type_attributes_attribute_id_fkey") => Self::AttributeInUse,
            Some(
                "attribute_values_target_product_id_fkey"
                | "attribute_values_target_category_id_fkey"
                | "attribute_values_attribute_id_fkey",
            ) => Self::at("/attributes", "unknown", "names something that does not exist"),
            Some("related_products_related_id_fkey") => Self::at("/products", "unknown", "names a product that does not exist"),
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
            | Self::OptionValueNotFound(_)
            | Self::ImageNotFound(_)
            | Self::CategoryNotFound(_)
            | Self::CollectionNotFound(_)
            | Self::NameNotFound(..)
            | Self::TagNotFound(_)
            | Self::ImportNotFound(_)
            | Self::AttributeNotFound(_)
            | Self::ProductTypeNotFound(_)
            | Self::SlugNotFound(_) => Kind::NotFound,
            Self::SlugTaken
            | Self::ExternalIdTaken
            | Self::SkuTaken
            | Self::BarcodeTaken(_)
            | Self::CodeTaken
            | Self::NameTaken
            | Self::LabelTaken
            | Self::ChoiceInUse
            | Self::AttributeInUse
            | Self::ProductTypeInUse
            | Self::AttributeMissing(_)
            | Self::ValueTaken
            | Self::NothingToSell(_)
            | Self::InUse
            | Self::CategoryCycle
            | Self::CategoryNotEmpty
            | Self::CollectionByRule
            | Self::Conflicts(..)
            | Self::ValueInUse
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
            Self::CategoryNotFound(_) | Self::NameNotFound("category", _) => "catalog.category_not_found",
            Self::CollectionNotFound(_) | Self::NameNotFound(..) => "catalog.collection_not_found",
            Self::CollectionByRule => "catalog.collection_by_rule",
            Self::TagNotFound(_) => "catalog.tag_not_found",
            Self::ImportNotFound(_) => "catalog.import_not_found",
            Self::SlugTaken => "catalog.slug_taken",
            Self::ExternalIdTaken => "catalog.external_id_taken",
            Self::SkuTaken => "catalog.sku_taken",
            Self::BarcodeTaken(_) => "catalog.barcode_taken",
            Self::SlugNotFound(_) => "catalog.slug_not_found",
            Self::AttributeNotFound(_) => "catalog.attribute_not_found",
            Self::ProductTypeNotFound(_) => "catalog.product_type_not_found",
            Self::CodeTaken => "catalog.code_taken",
            Self::NameTaken => "catalog.name_taken",
            Self::LabelTaken => "catalog.label_taken",
            Self::ChoiceInUse => "catalog.choice_in_use",
            Self::AttributeInUse => "catalog.attribute_in_use",
            Self::ProductTypeInUse => "catalog.product_type_in_use",
            Self::AttributeMissing(_) => "catalog.attribute_missing",
            Self::ValueTaken => "catalog.value_taken",
            Self::VersionMoved { .. } => "catalog.version_moved",
            Self::NothingToSell(_) => "catalog.nothing_to_sell",
            Self::InUse => "catalog.in_use",
            Self::CategoryCycle => "catalog.category_cycle",
            Self::CategoryNotEmpty => "catalog.category_not_empty",
            Self::OptionDistinguishes(_) => "catalog.option_distinguishes",
            Self::Conflicts(code, _) => code,
            Self::ValueInUse => "catalog.value_in_use",
            Self::OptionValueNotFound(_) => "catalog.option_value_not_found",
            Self::Invalid(_) => "catalog.invalid",
            Self::FileRefused(_) => "catalog.file_refused",
            Self::Cursor(error) => error.code(),
            Self::Inventory(error) => error.code(),
            Self::Database(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Invalid(faults) | Self::Conflicts(_, faults) => faults.clone(),
            Self::Cursor(error) => error.fields(),
            Self::Inventory(error) => error.fields(),
            Self::SlugTaken => vec![FieldFault::new("/slug", "taken", self.to_string())],
            Self::CodeTaken => vec![FieldFault::new("/code", "taken", self.to_string())],
            Self::NameTaken => vec![FieldFault::new("/name", "taken", self.to_string())],
            Self::AttributeMissing(code) => vec![FieldFault::new(format!("/attributes/{code}"), "required", self.to_string())],
            Self::BarcodeTaken(pointer) => vec![FieldFault::new(pointer, "taken", self.to_string())],
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
