//! The matrix of a product's options: every combination of their values that no variant stands for yet becomes one.

use std::collections::{BTreeMap, HashSet};

use tenancy::TenantTx;

use super::{
    Error, NewVariant, Product, ProductOption,
    combinations::{self, Choices},
    currencies, detail, edit_variants,
    new_product::{self, Faults, MOST_VARIANTS},
    rows::Rows,
    settle, slugs,
    variant_plan::Created,
};
use crate::{clock::Clock, ids::ProductId};

const MOST_SKU: usize = 100;

/// Which combinations are made, and what the new variants are like.
#[derive(Clone, Debug, Default)]
pub struct VariantMatrix {
    /// Values by the name of their option; an option that is not named gives all of its own.
    pub only: BTreeMap<String, Vec<String>>,
    /// `{product}`, `{values}` and `{Name of an option}` stand for what they say.
    pub sku_pattern: Option<String>,
    /// What each has. Its options, SKU, barcode and attributes are left aside: they are each variant's own.
    pub like: NewVariant,
}

/// Makes the variants that are missing, after those that are there. Asked again, it makes none.
///
/// # Errors
/// `Invalid` names every wrong field, and the count when it would be more than a product may have; `Conflicts` when the pattern makes
/// SKUs that the store has; `ProductNotFound`, `VersionMoved`.
pub async fn generate_variants(
    tx: &TenantTx,
    clock: &Clock,
    product: ProductId,
    expected: Option<i64>,
    matrix: VariantMatrix,
) -> Result<Product, Error> {
    settle::begin(tx, clock, product, expected).await?;
    let whole = detail::find(tx, product).await?;
    let mut faults = Faults::default();
    let options = narrowed(&mut faults, &whole, &matrix.only);
    let pattern = matrix.sku_pattern.as_deref().and_then(|pattern| faults.optional("/sku_pattern", Some(pattern), 100));
    let pattern = pattern.map(|pattern| parts(&mut faults, &whole, &pattern)).unwrap_or_default();
    let like = NewVariant { options: BTreeMap::new(), sku: None, barcode: None, attributes: BTreeMap::new(), ..matrix.like };
    // Once for all of them, so that a fault is told once.
    new_product::variant(&mut faults, &mut Rows::default(), "", (product, 0, String::new()), &like, &currencies::of_store(tx).await?);
    let mut faults = Faults(faults.done(Vec::new())?);
    let taken: HashSet<Choices> = whole.variants.iter().map(|variant| whole.named_choices(variant)).collect();
    fits(&mut faults, &options, &taken);
    let mut faults = Faults(faults.done(Vec::new())?);
    let missing = combinations::missing(&options, &taken);
    let skus: Vec<Option<String>> = missing.iter().map(|choices| sku(&pattern, &whole, choices)).collect();
    may_be_given(&mut faults, &skus);
    faults.done(())?;
    let made = |(choices, sku): (Choices, Option<String>)| Created {
        pointer: String::new(),
        sku_pointer: "/sku_pattern".to_owned(),
        new: NewVariant { sku, options: choices, ..like.clone() },
    };
    let created: Vec<Created> = missing.into_iter().zip(skus).map(made).collect();
    edit_variants::write(tx, clock, &whole, &[], &created, &[]).await
}

/// The options with the values that take part, in their order.
fn narrowed(faults: &mut Faults, whole: &Product, only: &BTreeMap<String, Vec<String>>) -> Vec<(String, Vec<String>)> {
    for (name, values) in only {
        let pointer = format!("/options/{}", combinations::escape(name));
        match whole.options.iter().find(|option| option.name == *name) {
            None => faults.add(pointer, "unknown_option", format!("`{name}` is not an option of the product")),
            Some(option) => {
                for (at, value) in values.iter().enumerate().filter(|(_, value)| !option.values.iter().any(|known| known.value == **value))
                {
                    faults.add(format!("{pointer}/{at}"), "unknown_value", format!("`{value}` is not a value of `{name}`: add it first"));
                }
            }
        }
    }
    let takes_part =
        |option: &ProductOption, value: &str| only.get(&option.name).is_none_or(|named| named.iter().any(|name| name == value));
    let narrow = |option: &ProductOption| {
        let words = option.values.iter().map(|value| value.value.clone());
        (option.name.clone(), words.filter(|value| takes_part(option, value)).collect())
    };
    whole.options.iter().map(narrow).collect()
}

/// Counts before anything is made: five options of a hundred values each have more combinations than there is memory.
fn fits(faults: &mut Faults, options: &[(String, Vec<String>)], taken: &HashSet<Choices>) {
    if let Some((name, _)) = options.iter().find(|(_, values)| values.is_empty()) {
        let pointer = format!("/options/{}", combinations::escape(name));
        return faults.add(pointer, "no_values", format!("`{name}` gives no values to combine"));
    }
    let total = options.iter().fold(1_usize, |total, (_, values)| total.saturating_mul(values.len()));
    let takes_part =
        |choices: &&Choices| options.iter().all(|(name, values)| choices.get(name).is_some_and(|value| values.contains(value)));
    let there = taken.iter().filter(takes_part).count();
    let count = taken.len().saturating_add(total.saturating_sub(there));
    if count > MOST_VARIANTS {
        faults.add("/options", "too_many", format!("would make {count} variants; a product has at most {MOST_VARIANTS}"));
    }
}

/// Says what is wrong with the SKUs that a pattern makes, by the first that is.
fn may_be_given(faults: &mut Faults, skus: &[Option<String>]) {
    let mut seen = HashSet::new();
    if let Some(twice) = skus.iter().flatten().find(|sku| !seen.insert(sku.as_str())) {
        faults.add("/sku_pattern", "duplicate", format!("gives two variants the SKU `{twice}`"));
    }
    if let Some(long) = skus.iter().flatten().find(|sku| sku.chars().count() > MOST_SKU) {
        faults.add("/sku_pattern", "too_long", format!("makes `{long}`; a SKU has at most {MOST_SKU} characters"));
    }
}

enum Part {
    Text(String),
    Product,
    Values,
    /// Of the option at this place.
    Value(usize),
}

/// What a pattern is made of.
fn parts(faults: &mut Faults, whole: &Product, pattern: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        parts.push(Part::Text(before.to_owned()));
        match name {
            "product" => parts.push(Part::Product),
            "values" => parts.push(Part::Values),
            _ => match whole.options.iter().position(|option| option.name == name) {
                Some(at) => parts.push(Part::Value(at)),
                None => faults.add(
                    "/sku_pattern",
                    "unknown_placeholder",
                    format!("`{{{name}}}` is neither `{{product}}`, `{{values}}` nor an option"),
                ),
            },
        }
        rest = after;
    }
    parts.push(Part::Text(rest.to_owned()));
    parts
}

/// The SKU of a combination; none without a pattern.
fn sku(pattern: &[Part], whole: &Product, choices: &Choices) -> Option<String> {
    let value = |option: &ProductOption| choices.get(&option.name).map(|value| code(value)).unwrap_or_default();
    let text: String = pattern
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Product => whole.slug.to_uppercase(),
            Part::Values => whole.options.iter().map(value).collect::<Vec<_>>().join("-"),
            Part::Value(at) => whole.options.get(*at).map(value).unwrap_or_default(),
        })
        .collect();
    Some(text).filter(|text| !text.is_empty())
}

/// Plain capitals, digits and hyphens: `Ocean Blue` is `OCEAN-BLUE`. What has no letter or digit stays as it is.
fn code(value: &str) -> String {
    slugs::of(value).map_or_else(|| value.to_owned(), |slug| slug.to_uppercase())
}
