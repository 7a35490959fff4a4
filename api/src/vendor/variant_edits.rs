use std::collections::BTreeMap;

use commerce::{
    catalog::{MOST_VARIANTS, VariantEdit, edit_variants, variants::VariantChanges},
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
    variants::CreateVariant,
};
use crate::{
    Problem, State,
    context::{IfMatch, LargeBody, PathId, Vendor},
    json::{Id, Patch, Tagged},
};

/// Below `products/{id}`.
pub(super) fn router() -> Router {
    Router::with_path("variants").patch(update)
}

/// A variant and what shall be another about it. Fields that are absent stay; `null` clears.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeOneVariant {
    id: Id<VariantId>,
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
    /// All of its prices.
    prices: Option<Vec<NewPrice>>,
    /// Values by code; those that are not named stay, `null` clears.
    #[serde(default)]
    attributes: BTreeMap<String, Value>,
}

/// What shall become of a product's variants. What is not named stays.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct ChangeVariants {
    /// Those to change: 2,000 at most.
    #[garde(length(max = MOST_VARIANTS))]
    #[serde(default)]
    variants: Vec<ChangeOneVariant>,
    /// Those to add.
    #[garde(length(max = MOST_VARIANTS))]
    #[serde(default)]
    create: Vec<CreateVariant>,
    /// Those to remove, none of which was ever in a checkout or an order.
    #[garde(length(max = MOST_VARIANTS))]
    #[serde(default)]
    delete: Vec<Id<VariantId>>,
}

/// Change, add and remove many variants at once.
///
/// All of it or nothing: each wrong field is named by its place (`/variants/17/sku`). What one variant gives up (a SKU, a barcode, a
/// combination of values) another may take in the same request. A value that no option has yet is added to it; one that no variant
/// stands for afterwards, though one did before, is removed.
#[endpoint]
async fn update(
    vendor: Vendor,
    state: State,
    id: PathId<ProductId>,
    seen: IfMatch,
    body: LargeBody<ChangeVariants>,
) -> Result<Tagged<Product>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    let product = edit_variants(&tx, &state.clock, id.0, seen.version(), body.0.into()).await?;
    tx.commit().await?;
    Ok(tagged(product))
}

impl From<ChangeVariants> for VariantEdit {
    fn from(asked: ChangeVariants) -> Self {
        Self {
            changed: asked.variants.into_iter().map(|one| (one.id.0, one.into())).collect(),
            created: asked.create.into_iter().map(Into::into).collect(),
            removed: asked.delete.into_iter().map(|id| id.0).collect(),
        }
    }
}

impl From<ChangeOneVariant> for VariantChanges {
    fn from(asked: ChangeOneVariant) -> Self {
        Self {
            options: asked.options,
            sku: asked.sku.change(),
            barcode: asked.barcode.change(),
            weight_grams: asked.weight_grams,
            requires_shipping: asked.requires_shipping,
            is_stock_tracked: asked.is_stock_tracked,
            tax_class: asked.tax_class,
            prices: asked.prices.map(|prices| prices.into_iter().map(Into::into).collect()),
            attributes: asked.attributes,
        }
    }
}
