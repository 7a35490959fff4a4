//! Facts of the catalogue.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    ids::{AttributeId, CategoryId, CollectionId, ImageId, ImportId, ProductId, ProductTypeId},
    outbox::Fact,
};

/// What was done to a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProductChange {
    Created,
    Edited,
    Published,
    Unpublished,
    Archived,
}

/// A product, or something it owns, is no longer what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductChanged {
    pub product_id: ProductId,
    pub change: ProductChange,
}

impl Fact for ProductChanged {
    const CODE: &'static str = "products.changed";
    const AGGREGATE: &'static str = "product";

    fn aggregate_id(&self) -> Uuid {
        self.product_id.uuid()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductDeleted {
    pub product_id: ProductId,
}

impl Fact for ProductDeleted {
    const CODE: &'static str = "products.deleted";
    const AGGREGATE: &'static str = "product";

    fn aggregate_id(&self) -> Uuid {
        self.product_id.uuid()
    }
}

/// Images were added by their addresses; their files are to be fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImagesAwaited {
    pub first_image_id: ImageId,
    pub count: usize,
}

impl Fact for ImagesAwaited {
    const CODE: &'static str = "images.awaited";
    const AGGREGATE: &'static str = "image";

    fn aggregate_id(&self) -> Uuid {
        self.first_image_id.uuid()
    }
}

/// A category was made, named, moved or removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryChanged {
    pub category_id: CategoryId,
}

impl Fact for CategoryChanged {
    const CODE: &'static str = "categories.changed";
    const AGGREGATE: &'static str = "category";

    fn aggregate_id(&self) -> Uuid {
        self.category_id.uuid()
    }
}

/// A collection was made or edited, or its shelf has come to hold what its rule says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionChanged {
    pub collection_id: CollectionId,
}

impl Fact for CollectionChanged {
    const CODE: &'static str = "collections.changed";
    const AGGREGATE: &'static str = "collection";

    fn aggregate_id(&self) -> Uuid {
        self.collection_id.uuid()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionDeleted {
    pub collection_id: CollectionId,
}

impl Fact for CollectionDeleted {
    const CODE: &'static str = "collections.deleted";
    const AGGREGATE: &'static str = "collection";

    fn aggregate_id(&self) -> Uuid {
        self.collection_id.uuid()
    }
}

/// An attribute has another name, other choices, or is filtered by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeChanged {
    pub attribute_id: AttributeId,
}

impl Fact for AttributeChanged {
    const CODE: &'static str = "attributes.changed";
    const AGGREGATE: &'static str = "attribute";

    fn aggregate_id(&self) -> Uuid {
        self.attribute_id.uuid()
    }
}

/// A product type was made, or has another name or other attributes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductTypeChanged {
    pub product_type_id: ProductTypeId,
}

impl Fact for ProductTypeChanged {
    const CODE: &'static str = "product_types.changed";
    const AGGREGATE: &'static str = "product_type";

    fn aggregate_id(&self) -> Uuid {
        self.product_type_id.uuid()
    }
}

/// A file is staged and waits to be taken into the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRequested {
    pub import_id: ImportId,
}

impl Fact for ImportRequested {
    const CODE: &'static str = "imports.requested";
    const AGGREGATE: &'static str = "import";

    fn aggregate_id(&self) -> Uuid {
        self.import_id.uuid()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportCompleted {
    pub import_id: ImportId,
    pub created_products: i32,
    pub updated_products: i32,
    pub unchanged_products: i32,
    pub failed_rows: i32,
}

impl Fact for ImportCompleted {
    const CODE: &'static str = "imports.completed";
    const AGGREGATE: &'static str = "import";

    fn aggregate_id(&self) -> Uuid {
        self.import_id.uuid()
    }
}
