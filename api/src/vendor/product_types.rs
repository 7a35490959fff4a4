use chrono::{DateTime, Utc};
use commerce::{
    catalog::product_types::{self, Assigned, Assignment, Level},
    ids::{AttributeId, ProductTypeId},
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::Permission;

use crate::{
    Problem, State,
    context::{Body, IfMatch, Once, PathId, Replay, Vendor},
    json::{Created, Id, NoContent, Page, Tagged},
};

pub(super) fn router() -> Router {
    Router::with_path("product-types").get(list).post(create).push(Router::with_path("{id}").get(show).patch(update).delete(delete))
}

/// Which attributes the products of a type have. A product has the type whose name it bears.
#[derive(Debug, Serialize, ToSchema)]
struct ProductType {
    id: Id<ProductTypeId>,
    name: String,
    /// In the order in which they are shown.
    attributes: Vec<TypeAttribute>,
    /// Also the `ETag`.
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, ToSchema)]
struct TypeAttribute {
    attribute_id: Id<AttributeId>,
    code: String,
    level: AttributeLevel,
    is_required: bool,
}

/// Whose values they are.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AttributeLevel {
    Product,
    /// Each variant has its own.
    Variant,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct CreateProductType {
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: String,
    /// In the order in which they are shown: 50 at most.
    #[garde(length(max = 50))]
    #[serde(default)]
    attributes: Vec<AssignAttribute>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AssignAttribute {
    attribute_id: Id<AttributeId>,
    level: AttributeLevel,
    /// Without it no product of the type is published. Products that are published already stay so.
    #[serde(default)]
    is_required: bool,
}

/// Fields that are absent stay.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct ChangeProductType {
    /// The products of the type bear it from then on.
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: Option<String>,
    /// All of them. Values of one that is left out are kept and not shown.
    #[garde(inner(length(max = 50)))]
    attributes: Option<Vec<AssignAttribute>>,
}

/// List all product types by name.
#[endpoint]
async fn list(vendor: Vendor) -> Result<Page<ProductType>, Problem> {
    vendor.require(Permission::ReadProducts)?;
    let tx = vendor.db.begin().await?;
    Ok(Page::whole(product_types::list(&tx).await?.into_iter().map(Into::into).collect()))
}

/// Show a product type.
#[endpoint]
async fn show(vendor: Vendor, id: PathId<ProductTypeId>) -> Result<Tagged<ProductType>, Problem> {
    vendor.require(Permission::ReadProducts)?;
    let tx = vendor.db.begin().await?;
    Ok(tagged(product_types::find(&tx, id.0).await?))
}

/// Create a product type. Products that bear its name have it at once.
#[endpoint]
async fn create(vendor: Vendor, state: State, once: Once, body: Body<CreateProductType>) -> Result<Replay<Created<ProductType>>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let attributes: Vec<Assignment> = body.0.attributes.into_iter().map(Into::into).collect();
    let tx = vendor.db.begin().await?;
    if let Some(first) = once.first_answer(&tx).await? {
        return Ok(first);
    }
    let made = product_types::create(&tx, &state.clock, &body.0.name, &attributes).await?;
    once.commit(tx, &state.clock, Created::at(format!("/vendor/v1/product-types/{}", made.id), made.into())).await
}

/// Change a product type.
#[endpoint]
async fn update(
    vendor: Vendor,
    state: State,
    id: PathId<ProductTypeId>,
    seen: IfMatch,
    body: Body<ChangeProductType>,
) -> Result<Tagged<ProductType>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let attributes = body.0.attributes.map(|attributes| attributes.into_iter().map(Into::into).collect());
    let tx = vendor.db.begin().await?;
    let changed = product_types::change(&tx, &state.clock, id.0, seen.version(), (body.0.name, attributes)).await?;
    tx.commit().await?;
    Ok(tagged(changed))
}

/// Delete a product type that no product has.
#[endpoint]
async fn delete(vendor: Vendor, id: PathId<ProductTypeId>) -> Result<NoContent, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    product_types::delete(&tx, id.0).await?;
    tx.commit().await?;
    Ok(NoContent)
}

fn tagged(product_type: product_types::ProductType) -> Tagged<ProductType> {
    Tagged { version: product_type.version, body: product_type.into() }
}

impl From<AssignAttribute> for Assignment {
    fn from(asked: AssignAttribute) -> Self {
        let level = match asked.level {
            AttributeLevel::Product => Level::Product,
            AttributeLevel::Variant => Level::Variant,
        };
        Self { attribute_id: asked.attribute_id.0, level, is_required: asked.is_required }
    }
}

impl From<Assigned> for TypeAttribute {
    fn from(assigned: Assigned) -> Self {
        let level = match assigned.level {
            Level::Product => AttributeLevel::Product,
            Level::Variant => AttributeLevel::Variant,
        };
        Self { attribute_id: assigned.attribute_id.into(), code: assigned.code, level, is_required: assigned.is_required }
    }
}

impl From<product_types::ProductType> for ProductType {
    fn from(product_type: product_types::ProductType) -> Self {
        Self {
            id: product_type.id.into(),
            name: product_type.name,
            attributes: product_type.attributes.into_iter().map(Into::into).collect(),
            version: product_type.version,
            created_at: product_type.created_at,
            updated_at: product_type.updated_at,
        }
    }
}
