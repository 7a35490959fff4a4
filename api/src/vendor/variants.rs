use std::collections::BTreeMap;

use commerce::{
    catalog::{
        NewVariant,
        variants::{self, VariantChanges},
    },
    ids::{ProductId, VariantId},
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::Deserialize;
use serde_json::Value;
use tenancy::Permission;

use super::{
    prices::NewPrice,
    product::{Product, tagged},
    stock_levels::Backorder,
};
use crate::{
    Problem, State,
    context::{Body, IfMatch, Once, PathId, Replay, Vendor},
    json::{Patch, Tagged},
};

/// Below `products/{id}`.
pub(super) fn router() -> Router {
    Router::with_path("variants").post(create).push(Router::with_path("{variant}").patch(update).delete(delete))
}

/// A variant to be.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(super) struct CreateVariant {
    /// A value by the name of each option: `{"Size":"Small","Colour":"Red"}`.
    #[garde(length(max = 5))]
    #[serde(default)]
    options: BTreeMap<String, String>,
    #[salvo(schema(max_length = 100))]
    sku: Option<String>,
    /// One variant's in the store. What has 8, 12, 13 or 14 digits must be a GTIN.
    #[salvo(schema(max_length = 64))]
    barcode: Option<String>,
    #[serde(default)]
    #[salvo(schema(minimum = 0, maximum = 10_000_000))]
    weight_grams: i32,
    #[serde(default = "yes")]
    requires_shipping: bool,
    /// Whether units are counted; what is not counted never runs out.
    #[serde(default = "yes")]
    is_stock_tracked: bool,
    #[serde(default = "standard")]
    #[salvo(schema(pattern = "^[a-z][a-z0-9_]{0,31}$"))]
    tax_class: String,
    /// One for each currency it is sold in.
    #[garde(length(max = 20))]
    #[serde(default)]
    prices: Vec<NewPrice>,
    /// Units at the default location.
    #[serde(default)]
    #[salvo(schema(minimum = 0, maximum = 1_000_000))]
    on_hand: i32,
    #[serde(default)]
    backorder: Backorder,
    /// Values by the codes of the attributes that the product's type has for variants.
    #[serde(default)]
    attributes: BTreeMap<String, Value>,
}

/// Fields that are absent stay; `null` clears.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct ChangeVariant {
    /// All of its choices.
    options: Option<BTreeMap<String, String>>,
    #[serde(default)]
    sku: Patch<String>,
    #[serde(default)]
    barcode: Patch<String>,
    #[salvo(schema(minimum = 0, maximum = 10_000_000))]
    weight_grams: Option<i32>,
    requires_shipping: Option<bool>,
    is_stock_tracked: Option<bool>,
    tax_class: Option<String>,
    /// Values by code; those that are not named stay, `null` clears.
    #[serde(default)]
    attributes: BTreeMap<String, Value>,
}

const fn yes() -> bool {
    true
}

fn standard() -> String {
    "standard".to_owned()
}

/// Add a variant to a product, with its prices and its stock level.
#[endpoint]
async fn create(
    vendor: Vendor,
    state: State,
    id: PathId<ProductId>,
    seen: IfMatch,
    once: Once,
    body: Body<CreateVariant>,
) -> Result<Replay<Tagged<Product>>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    if let Some(first) = once.first_answer(&tx).await? {
        return Ok(first);
    }
    let product = variants::add(&tx, &state.clock, id.0, seen.version(), body.0.into()).await?;
    once.commit(tx, &state.clock, tagged(product)).await
}

/// Change a variant.
#[endpoint]
async fn update(
    vendor: Vendor,
    state: State,
    id: PathId<ProductId>,
    variant: PathId<VariantId>,
    seen: IfMatch,
    body: Body<ChangeVariant>,
) -> Result<Tagged<Product>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    let product = variants::change(&tx, &state.clock, (id.0, variant.0), seen.version(), body.0.into()).await?;
    tx.commit().await?;
    Ok(tagged(product))
}

/// Remove a variant that was never in a checkout or an order.
#[endpoint]
async fn delete(
    vendor: Vendor,
    state: State,
    id: PathId<ProductId>,
    variant: PathId<VariantId>,
    seen: IfMatch,
) -> Result<Tagged<Product>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    let product = variants::remove(&tx, &state.clock, (id.0, variant.0), seen.version()).await?;
    tx.commit().await?;
    Ok(tagged(product))
}

impl From<CreateVariant> for NewVariant {
    fn from(asked: CreateVariant) -> Self {
        Self {
            options: asked.options,
            sku: asked.sku,
            barcode: asked.barcode,
            weight_grams: asked.weight_grams,
            requires_shipping: asked.requires_shipping,
            is_stock_tracked: asked.is_stock_tracked,
            tax_class: asked.tax_class,
            prices: asked.prices.into_iter().map(Into::into).collect(),
            attributes: asked.attributes,
            on_hand: asked.on_hand,
            backorder: asked.backorder.into(),
        }
    }
}

impl From<ChangeVariant> for VariantChanges {
    fn from(asked: ChangeVariant) -> Self {
        Self {
            options: asked.options,
            sku: asked.sku.change(),
            barcode: asked.barcode.change(),
            weight_grams: asked.weight_grams,
            requires_shipping: asked.requires_shipping,
            is_stock_tracked: asked.is_stock_tracked,
            tax_class: asked.tax_class,
            prices: None,
            attributes: asked.attributes,
        }
    }
}
