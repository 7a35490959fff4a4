//! Variants added, changed and removed after their product was made.

use std::collections::BTreeMap;

use sea_orm::FromQueryResult;
use tenancy::TenantTx;

use super::{
    Error, NewVariant, Product,
    attribute_values::{self, Given, Wanted},
    combinations::{self, Choices},
    currencies, detail,
    events::ProductChange,
    new_product::{self, Faults},
    options,
    rows::{ChoiceRow, Rows, ValueRow},
    settle,
};
use crate::{
    clock::Clock,
    ids::{OptionId, OptionValueId, ProductId, VariantId},
    sql,
};

/// What a vendor may change about a variant. Absent fields stay; `Some(None)` clears.
#[derive(Clone, Debug, Default)]
pub struct VariantChanges {
    /// All of its choices.
    pub options: Option<BTreeMap<String, String>>,
    pub sku: Option<Option<String>>,
    pub barcode: Option<Option<String>>,
    pub weight_grams: Option<i32>,
    pub requires_shipping: Option<bool>,
    pub is_stock_tracked: Option<bool>,
    pub tax_class: Option<String>,
    /// By code; what is not named stays, `null` clears.
    pub attributes: Given,
}

/// Adds a variant, with its prices and its level at the default location.
///
/// # Errors
/// `Invalid` names every wrong field; `SkuTaken`, `BarcodeTaken`, `ProductNotFound`, `VersionMoved`.
pub async fn add(tx: &TenantTx, clock: &Clock, product: ProductId, expected: Option<i64>, new: NewVariant) -> Result<Product, Error> {
    settle::begin(tx, clock, product, expected).await?;
    let whole = detail::find(tx, product).await?;
    let (mut faults, mut rows) = (Faults::default(), Rows::default());
    faults.at_most("/variants", whole.variants.len() + 1, new_product::MOST_VARIANTS);
    let choices = new_product::choices(&mut faults, "", &new.options);
    let title = fits(&mut faults, &whole, None, &choices);
    let currencies = currencies::of_store(tx).await?;
    let id = new_product::variant(&mut faults, &mut rows, "", (product, whole.variants.len(), title), &new, &currencies);
    faults.done(())?;
    rows.choices = choose(&whole, id, &choices, &mut rows.values);
    rows.insert(tx, clock, None).await?;
    let own = Wanted { variant: Some(id), pointer: "/attributes".into(), given: &new.attributes };
    attribute_values::set(tx, product, &[own]).await?;
    settle::end(tx, clock, product, ProductChange::Edited).await?;
    detail::find(tx, product).await
}

/// Changes a variant.
///
/// # Errors
/// `Invalid` names every wrong field; `SkuTaken`, `BarcodeTaken`, `VariantNotFound`, `ProductNotFound`, `VersionMoved`.
pub async fn change(
    tx: &TenantTx,
    clock: &Clock,
    (product, id): (ProductId, VariantId),
    expected: Option<i64>,
    changes: VariantChanges,
) -> Result<Product, Error> {
    settle::begin(tx, clock, product, expected).await?;
    let mut faults = Faults::default();
    let sku = changes.sku.as_ref().and_then(|sku| faults.optional("/sku", sku.as_deref(), 100));
    let barcode = changes.barcode.as_ref().and_then(|barcode| faults.barcode("/barcode", barcode.as_deref()));
    let weight = changes.weight_grams.map(|grams| new_product::weight(&mut faults, "", grams));
    let tax_class = changes.tax_class.as_deref().map(|class| new_product::tax_class(&mut faults, "", class));
    if let Some(given) = &changes.options {
        let whole = detail::find(tx, product).await?;
        let choices = new_product::choices(&mut faults, "", given);
        fits(&mut faults, &whole, Some(id), &choices);
        if faults.0.is_empty() {
            rechoose(tx, clock, &whole, id, &choices).await?;
        }
    }
    faults.done(())?;
    let text = "UPDATE variants SET sku = CASE WHEN $4 THEN $5 ELSE sku END, barcode = CASE WHEN $6 THEN $7 ELSE barcode END,
                  is_barcode_shared = is_barcode_shared AND NOT $6,
                  weight_grams = coalesce($8, weight_grams), requires_shipping = coalesce($9, requires_shipping),
                  is_stock_tracked = coalesce($10, is_stock_tracked), tax_class = coalesce($11, tax_class), updated_at = $12
                WHERE tenant_id = $1 AND product_id = $2 AND id = $3";
    let values = [
        tx.tenant().into(),
        product.into(),
        id.into(),
        changes.sku.is_some().into(),
        sku.into(),
        changes.barcode.is_some().into(),
        barcode.into(),
        weight.into(),
        changes.requires_shipping.into(),
        changes.is_stock_tracked.into(),
        tax_class.into(),
        clock.now().into(),
    ];
    if sql::run(tx, text, values).await? == 0 {
        return Err(Error::VariantNotFound(id));
    }
    let own = Wanted { variant: Some(id), pointer: "/attributes".into(), given: &changes.attributes };
    attribute_values::set(tx, product, &[own]).await?;
    options::tidy(tx, product).await?;
    settle::end(tx, clock, product, ProductChange::Edited).await?;
    detail::find(tx, product).await
}

/// Removes a variant that was never sold.
///
/// # Errors
/// `InUse` when it has been in a checkout or an order; `NothingToSell` when it was the last that a published product could
/// sell; `VariantNotFound`, `ProductNotFound`, `VersionMoved`.
pub async fn remove(tx: &TenantTx, clock: &Clock, (product, id): (ProductId, VariantId), expected: Option<i64>) -> Result<Product, Error> {
    settle::begin(tx, clock, product, expected).await?;
    let text = "DELETE FROM variants WHERE tenant_id = $1 AND product_id = $2 AND id = $3 AND NOT EXISTS (
                  SELECT FROM order_lines l WHERE l.tenant_id = $1 AND l.product_id = $2 AND l.variant_id = $3)";
    if sql::run(tx, text, [tx.tenant().into(), product.into(), id.into()]).await? == 0 {
        let whole = detail::find(tx, product).await?;
        let is_there = whole.variants.iter().any(|variant| variant.id == id);
        return Err(if is_there { Error::InUse } else { Error::VariantNotFound(id) });
    }
    options::tidy(tx, product).await?;
    settle::end(tx, clock, product, ProductChange::Edited).await?;
    detail::find(tx, product).await
}

/// Which product a variant belongs to.
///
/// # Errors
/// `VariantNotFound`.
pub async fn product_of(tx: &TenantTx, id: VariantId) -> Result<ProductId, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        product_id: ProductId,
    }
    let text = "SELECT product_id FROM variants WHERE tenant_id = $1 AND id = $2";
    let row: Option<Row> = sql::one(tx, text, [tx.tenant().into(), id.into()]).await?;
    Ok(row.ok_or(Error::VariantNotFound(id))?.product_id)
}

/// Says what is wrong with a variant's choices beside the product's other variants; answers its title.
fn fits(faults: &mut Faults, whole: &Product, itself: Option<VariantId>, choices: &Choices) -> String {
    let others: Vec<Choices> = whole
        .variants
        .iter()
        .filter(|variant| Some(variant.id) != itself)
        .map(|variant| whole.choices(variant).map(|(option, value)| (option.name.clone(), value.value.clone())).collect())
        .collect();
    let names: Vec<&str> = whole.options.iter().map(|option| option.name.as_str()).collect();
    let mut placed: Vec<(String, &Choices)> = others.iter().map(|other| ("/other".to_owned(), other)).collect();
    placed.push((String::new(), choices));
    faults.0.extend(combinations::faults(&names, &placed).into_iter().filter(|fault| fault.pointer.starts_with("/options")));
    combinations::title(names, choices)
}

/// The rows that tie a variant to its values; values that are new to their option are pushed to `values`.
fn choose(whole: &Product, id: VariantId, choices: &Choices, values: &mut Vec<ValueRow>) -> Vec<ChoiceRow> {
    let tie = |option: OptionId, value: OptionValueId| ChoiceRow {
        variant_id: id.uuid(),
        option_id: option.uuid(),
        option_value_id: value.uuid(),
    };
    let mut rows = Vec::new();
    for option in &whole.options {
        let Some(chosen) = choices.get(&option.name) else { continue };
        let value = option.values.iter().find(|value| value.value == *chosen).map_or_else(
            || {
                let made = OptionValueId::new();
                let position = option.values.len();
                values.push(ValueRow { id: made.uuid(), option_id: option.id.uuid(), value: chosen.clone(), position });
                made
            },
            |known| known.id,
        );
        rows.push(tie(option.id, value));
    }
    rows
}

async fn rechoose(tx: &TenantTx, clock: &Clock, whole: &Product, id: VariantId, choices: &Choices) -> Result<(), Error> {
    let text = "DELETE FROM variant_option_values WHERE tenant_id = $1 AND variant_id = $2";
    sql::run(tx, text, [tx.tenant().into(), id.into()]).await?;
    let mut rows = Rows::default();
    rows.choices = choose(whole, id, choices, &mut rows.values);
    rows.insert(tx, clock, None).await
}
