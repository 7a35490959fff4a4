use std::collections::BTreeMap;

use commerce::{
    catalog::{NewVariant, VariantMatrix, generate_variants},
    ids::ProductId,
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::Deserialize;
use tenancy::Permission;

use super::{
    prices::NewPrice,
    product::{Product, tagged},
    stock_levels::Backorder,
};
use crate::{
    Problem, State,
    context::{Body, IfMatch, PathId, Vendor},
    json::Tagged,
};

/// Below `products/{id}/variants`.
pub(super) fn router() -> Router {
    Router::with_path("generate").post(generate)
}

/// Which combinations shall be variants, and what these are like.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct GenerateVariants {
    /// Some values of an option, by its name: `{"Size":["Small","Medium"]}`. An option that is not named gives all of its values.
    #[garde(length(max = 5))]
    #[serde(default)]
    options: BTreeMap<String, Vec<String>>,
    /// How each gets a SKU: `{product}` is the product's slug, `{values}` the variant's values with hyphens between them, and
    /// `{Size}` its value of the option `Size`; all in capitals. Absent: none has one.
    #[salvo(schema(max_length = 100, example = "{product}-{values}"))]
    sku_pattern: Option<String>,
    /// One for each currency each is sold in.
    #[garde(length(max = 20))]
    #[serde(default)]
    prices: Vec<NewPrice>,
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
    /// Units of each at the default location.
    #[serde(default)]
    #[salvo(schema(minimum = 0, maximum = 1_000_000))]
    on_hand: i32,
    #[serde(default)]
    backorder: Backorder,
}

const fn yes() -> bool {
    true
}

fn standard() -> String {
    "standard".to_owned()
}

/// Make a variant of every combination of the options' values that has none.
///
/// They come after those that are there, which stay as they are: asked again, nothing is made. A product has 2,000 variants at most;
/// more are refused with their count. A product without options gets its one variant.
#[endpoint]
async fn generate(
    vendor: Vendor,
    state: State,
    id: PathId<ProductId>,
    seen: IfMatch,
    body: Body<GenerateVariants>,
) -> Result<Tagged<Product>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    let product = generate_variants(&tx, &state.clock, id.0, seen.version(), body.0.into()).await?;
    tx.commit().await?;
    Ok(tagged(product))
}

impl From<GenerateVariants> for VariantMatrix {
    fn from(asked: GenerateVariants) -> Self {
        let like = NewVariant {
            prices: asked.prices.into_iter().map(Into::into).collect(),
            weight_grams: asked.weight_grams,
            requires_shipping: asked.requires_shipping,
            is_stock_tracked: asked.is_stock_tracked,
            tax_class: asked.tax_class,
            on_hand: asked.on_hand,
            backorder: asked.backorder.into(),
            ..NewVariant::default()
        };
        Self { only: asked.options, sku_pattern: asked.sku_pattern, like }
    }
}
