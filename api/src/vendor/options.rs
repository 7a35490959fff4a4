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
    Router::with_path("options").post(create).push(Router::with_path("{option}").patch(update).delete(delete))
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
    /// Values with their new words.
    #[garde(length(max = 100))]
    #[serde(default)]
    values: Vec<ChangeValue>,
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

/// Rename an option or its values.
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
    let values = body.0.values.into_iter().map(|value| (value.id.0, value.value)).collect();
    let tx = vendor.db.begin().await?;
    let product = options::change(&tx, &state.clock, (id.0, option.0), seen.version(), OptionChanges { name: body.0.name, values }).await?;
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
