use commerce::{
    catalog::options::{self, OptionChanges},
    ids::{OptionId, OptionValueId, ProductId},
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::Deserialize;
use tenancy::Permission;

use super::product::{Product, tagged};
use crate::{
    Problem, State,
    context::{Body, IfMatch, Once, PathId, Replay, Vendor},
    json::{Id, Tagged},
};

/// Below `products/{id}`.
pub(super) fn router() -> Router {
    let values = Router::with_path("values").post(add_values).push(Router::with_path("{value}").delete(remove_value));
    Router::with_path("options").post(create).push(Router::with_path("{option}").patch(update).delete(delete).push(values))
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct AddOption {
    #[garde(length(chars, min = 1, max = 100))]
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: String,
    /// What the variants there are get.
    #[garde(length(chars, min = 1, max = 100))]
    #[salvo(schema(min_length = 1, max_length = 100))]
    value: String,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct ChangeOption {
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: Option<String>,
    /// Its place among the product's options, from 0.
    #[garde(range(max = 4))]
    #[salvo(schema(minimum = 0, maximum = 4))]
    position: Option<u8>,
    /// Values with their new words; two may swap theirs.
    #[garde(length(max = 100))]
    #[serde(default)]
    values: Vec<ChangeValue>,
    /// All of its values, in their new order.
    #[garde(length(max = 100))]
    order: Option<Vec<Id<OptionValueId>>>,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct AddValues {
    #[garde(length(min = 1, max = 100))]
    #[salvo(schema(min_items = 1))]
    values: Vec<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeValue {
    id: Id<OptionValueId>,
    #[salvo(schema(min_length = 1, max_length = 100))]
    value: String,
}

/// Add an option to a product.
#[endpoint]
async fn create(
    vendor: Vendor,
    state: State,
    id: PathId<ProductId>,
    seen: IfMatch,
    once: Once,
    body: Body<AddOption>,
) -> Result<Replay<Tagged<Product>>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    if let Some(first) = once.first_answer(&tx).await? {
        return Ok(first);
    }
    let product = options::add(&tx, &state.clock, id.0, seen.version(), (&body.0.name, &body.0.value)).await?;
    once.commit(tx, &state.clock, tagged(product)).await
}

/// Rename or reorder an option or its values.
///
/// Titles of variants follow.
#[endpoint]
async fn update(
    vendor: Vendor,
    state: State,
    id: PathId<ProductId>,
    option: PathId<OptionId>,
    seen: IfMatch,
    body: Body<ChangeOption>,
) -> Result<Tagged<Product>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    let product = options::change(&tx, &state.clock, (id.0, option.0), seen.version(), body.0.into()).await?;
    tx.commit().await?;
    Ok(tagged(product))
}

/// Add values to an option, after the others.
///
/// No variant stands for them yet, and shoppers do not see them: make the variants, or generate them.
#[endpoint]
async fn add_values(
    vendor: Vendor,
    state: State,
    id: PathId<ProductId>,
    option: PathId<OptionId>,
    seen: IfMatch,
    body: Body<AddValues>,
) -> Result<Tagged<Product>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    let product = options::add_values(&tx, &state.clock, (id.0, option.0), seen.version(), &body.0.values).await?;
    tx.commit().await?;
    Ok(tagged(product))
}

/// Remove a value of an option.
///
/// 409 `catalog.value_in_use` while variants stand for it: give them another value, or remove them, first.
#[endpoint]
async fn remove_value(
    vendor: Vendor,
    state: State,
    id: PathId<ProductId>,
    option: PathId<OptionId>,
    value: PathId<OptionValueId>,
    seen: IfMatch,
) -> Result<Tagged<Product>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    let product = options::remove_value(&tx, &state.clock, (id.0, option.0, value.0), seen.version()).await?;
    tx.commit().await?;
    Ok(tagged(product))
}

/// Remove an option that no longer distinguishes variants.
#[endpoint]
async fn delete(
    vendor: Vendor,
    state: State,
    id: PathId<ProductId>,
    option: PathId<OptionId>,
    seen: IfMatch,
) -> Result<Tagged<Product>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    let product = options::remove(&tx, &state.clock, (id.0, option.0), seen.version()).await?;
    tx.commit().await?;
    Ok(tagged(product))
}

impl From<ChangeOption> for OptionChanges {
    fn from(asked: ChangeOption) -> Self {
        Self {
            name: asked.name,
            position: asked.position.map(usize::from),
            values: asked.values.into_iter().map(|value| (value.id.0, value.value)).collect(),
            order: asked.order.map(|ids| ids.into_iter().map(|id| id.0).collect()),
        }
    }
}
