//! What must be done so that a product is as its file wants it: nothing, if it is so already. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    columns::heading,
    file::RowFault,
    wanted::{Wanted, WantedVariant},
    write::{Changes, ImageAlt, LevelRow, ProductFields, TagLost, VariantFields},
};
use crate::{
    catalog::{
        Product, ProductChange, Status, Variant, combinations,
        combinations::Choices,
        new_product,
        rows::{ChoiceRow, ImageRow, OptionRow, PriceRow, ProductRow, Rows, TagRow, ValueRow, VariantRow},
    },
    ids::{MovementId, OptionId, OptionValueId, PriceId, ProductId, StockLevelId, TagId, VariantId},
    inventory::levels::{Backorder, Opening},
};

/// A variant's level at the default location.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    pub id: StockLevelId,
    pub on_hand: i32,
    pub backorder: Backorder,
    /// Something other than an import has moved it, or units of it are reserved.
    pub has_moved: bool,
}

/// What a comparison looks things up in.
pub(super) struct Known<'a> {
    pub tags: &'a BTreeMap<String, TagId>,
    pub levels: &'a HashMap<VariantId, Level>,
    /// Who has each SKU that the batch names.
    pub skus: &'a HashMap<String, VariantId>,
    /// Who has each barcode that the batch names.
    pub barcodes: &'a HashMap<String, VariantId>,
    pub now: DateTime<Utc>,
}

pub(super) enum Outcome {
    Created(ProductId),
    Updated(ProductId, ProductChange),
    Unchanged,
}

type Found<T> = Result<T, Vec<RowFault>>;

/// Adds to `changes` what the product needs.
///
/// # Errors
/// What stands against it; nothing was added then.
pub(super) fn compare(
    wanted: &Wanted,
    existing: Option<&Product>,
    first_row: u32,
    known: &Known<'_>,
    changes: &mut Changes,
) -> Found<Outcome> {
    let refused = |key: &str, message: String| vec![RowFault { row: first_row, field: heading(key).to_owned(), message }];
    let Some(product) = existing else {
        if wanted.title.is_none() {
            return Err(refused("title", "must not be empty".into()));
        }
        if wanted.variants.is_empty() {
            return Err(refused("price", "a new product needs a row with a price".into()));
        }
        codes_are_free(wanted, &HashMap::new(), known)?;
        return Ok(Outcome::Created(create(wanted, known, &mut changes.rows)));
    };
    let (mut have, mut want): (Vec<&str>, Vec<&str>) =
        (product.options.iter().map(|option| option.name.as_str()).collect(), wanted.options.iter().map(String::as_str).collect());
    have.sort_unstable();
    want.sort_unstable();
    if !wanted.variants.is_empty() && have != want {
        return Err(refused("option1_name", format!("the product has the options [{}], the file [{}]", have.join(", "), want.join(", "))));
    }
    let matches = matches(wanted, product);
    codes_are_free(wanted, &matches, known)?;
    if product.variants.len() + wanted.variants.len() - matches.len() > new_product::MOST_VARIANTS {
        return Err(refused("handle", format!("a product has at most {} variants", new_product::MOST_VARIANTS)));
    }
    let mut mine = Changes::default();
    let fields = fields(wanted, product, known);
    let (status, change) = (fields.status, turned(product.status, fields.status));
    let fields_differ = fields.differ(product);
    variants(wanted, product, &matches, known, &mut mine);
    images(wanted, product, &mut mine);
    tags(wanted, product, known, &mut mine);
    let sells = wanted.variants.iter().map(|variant| variant.price.currency).next().is_some()
        || product.variants.iter().any(|variant| !variant.prices.is_empty());
    if status == Status::Published.as_str() && !sells {
        return Err(refused("price", "a published product needs a variant with a price".into()));
    }
    if !fields_differ && mine.is_empty() {
        return Ok(Outcome::Unchanged);
    }
    mine.products.push(fields);
    changes.append(mine);
    Ok(Outcome::Updated(product.id, change))
}

/// Which existing variant each wanted one (by its place in the file) is.
fn matches<'a>(wanted: &Wanted, product: &'a Product) -> HashMap<u32, &'a Variant> {
    let existing: HashMap<Choices, &Variant> = product
        .variants
        .iter()
        .map(|variant| (product.choices(variant).map(|(option, value)| (option.name.clone(), value.value.clone())).collect(), variant))
        .collect::<Vec<(Choices, &Variant)>>()
        .into_iter()
        .collect();
    wanted.variants.iter().filter_map(|variant| Some((variant.row, *existing.get(&variant.choices)?))).collect()
}

fn codes_are_free(wanted: &Wanted, matches: &HashMap<u32, &Variant>, known: &Known<'_>) -> Found<()> {
    let mut faults = Vec::new();
    for variant in &wanted.variants {
        let codes = [("sku", &variant.sku, known.skus, "SKU"), ("barcode", &variant.barcode, known.barcodes, "barcode")];
        for (key, code, owners, word) in codes {
            let owner = code.as_ref().and_then(Option::as_ref).and_then(|code| owners.get(code));
            let is_anothers = |owner: &VariantId| {
                let existing = matches.get(&variant.row);
                // Two that were alike before barcodes had to differ may stay so.
                existing.is_none_or(|existing| existing.id != *owner && (key == "sku" || existing.barcode != code.clone().flatten()))
            };
            if owner.is_some_and(is_anothers) {
                let message = format!("another variant of the store has this {word}");
                faults.push(RowFault { row: variant.row, field: heading(key).to_owned(), message });
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn create(wanted: &Wanted, known: &Known<'_>, rows: &mut Rows) -> ProductId {
    let id = ProductId::new();
    let status = wanted.status.unwrap_or(Status::Draft);
    rows.products.push(ProductRow {
        id: id.uuid(),
        slug: wanted.slug.clone(),
        title: wanted.title.clone().unwrap_or_default(),
        description: wanted.description.clone().unwrap_or_default(),
        brand: wanted.brand.clone().flatten(),
        product_type: wanted.product_type.clone().flatten(),
        external_id: None,
        seo_title: wanted.seo_title.clone().flatten(),
        seo_description: wanted.seo_description.clone().flatten(),
        publish_at: None,
        unpublish_at: None,
        status: status.as_str(),
        published_at: (status == Status::Published).then_some(known.now),
    });
    let mut values = Values::default();
    for (position, name) in wanted.options.iter().enumerate() {
        let option = OptionId::new();
        rows.options.push(OptionRow { id: option.uuid(), product_id: id.uuid(), name: name.clone(), position });
        values.options.push((name.clone(), option, 0));
    }
    let mut pictured = HashMap::new();
    for (position, variant) in wanted.variants.iter().enumerate() {
        let made = add_variant(rows, &mut values, id, position, variant);
        if let Some(url) = &variant.image {
            pictured.entry(url.as_str()).or_insert(made);
        }
    }
    for (position, image) in wanted.images.iter().enumerate() {
        let variant_id = pictured.get(image.url.as_str()).copied().map(VariantId::uuid);
        rows.images.push(ImageRow { variant_id, ..ImageRow::awaited(id, position, image.url.clone(), image.alt.clone()) });
    }
    let tags = wanted.tags.iter().flat_map(BTreeMap::keys).filter_map(|slug| known.tags.get(slug));
    rows.tags.extend(tags.map(|tag| TagRow { product_id: id.uuid(), tag_id: tag.uuid() }));
    id
}

/// The options of a product with how many values each has, and the values by option and word.
#[derive(Default)]
struct Values {
    options: Vec<(String, OptionId, usize)>,
    known: HashMap<(OptionId, String), OptionValueId>,
}

fn add_variant(rows: &mut Rows, values: &mut Values, product: ProductId, position: usize, wanted: &WantedVariant) -> VariantId {
    let id = VariantId::new();
    let title = combinations::title(values.options.iter().map(|(name, ..)| name.as_str()), &wanted.choices);
    rows.variants.push(VariantRow {
        id: id.uuid(),
        product_id: product.uuid(),
        sku: wanted.sku.clone().flatten(),
        barcode: wanted.barcode.clone().flatten(),
        title: new_product::short(&title),
        position,
        weight_grams: wanted.weight_grams.unwrap_or(0),
        requires_shipping: wanted.requires_shipping.unwrap_or(true),
        is_stock_tracked: wanted.is_stock_tracked.unwrap_or(true),
        tax_class: wanted.tax_class.unwrap_or("standard").to_owned(),
    });
    for (name, option, count) in &mut values.options {
        let Some(word) = wanted.choices.get(name) else { continue };
        let value = *values.known.entry((*option, word.clone())).or_insert_with(|| {
            let value = OptionValueId::new();
            rows.values.push(ValueRow { id: value.uuid(), option_id: option.uuid(), value: word.clone(), position: *count });
            *count += 1;
            value
        });
        rows.choices.push(ChoiceRow { variant_id: id.uuid(), option_id: option.uuid(), option_value_id: value.uuid() });
    }
    rows.prices.push(price(id, wanted, None));
    rows.openings.push(Opening { variant_id: id, on_hand: wanted.quantity.unwrap_or(0), backorder: wanted.backorder.unwrap_or_default() });
    id
}

fn price(id: VariantId, wanted: &WantedVariant, kept_compare_at: Option<i64>) -> PriceRow {
    PriceRow {
        id: PriceId::new().uuid(),
        variant_id: id.uuid(),
        currency: wanted.price.currency.code(),
        amount: wanted.price.minor,
        compare_at_amount: wanted.compare_at.map_or(kept_compare_at, |compare| compare.map(|compare| compare.minor)),
    }
}

fn fields(wanted: &Wanted, product: &Product, known: &Known<'_>) -> ProductFields {
    let status = match (product.status, wanted.status) {
        // The people of the store put it away; only the file's own word for that brings it back.
        (Status::Archived, Some(Status::Published | Status::Draft)) | (_, None) => product.status,
        (_, Some(status)) => status,
    };
    ProductFields {
        id: product.id.uuid(),
        title: wanted.title.clone().unwrap_or_else(|| product.title.clone()),
        description: wanted.description.clone().unwrap_or_else(|| product.description.clone()),
        brand: wanted.brand.clone().unwrap_or_else(|| product.brand.clone()),
        product_type: wanted.product_type.clone().unwrap_or_else(|| product.product_type.clone()),
        seo_title: wanted.seo_title.clone().unwrap_or_else(|| product.seo_title.clone()),
        seo_description: wanted.seo_description.clone().unwrap_or_else(|| product.seo_description.clone()),
        status: status.as_str(),
        published_at: product.published_at.or((status == Status::Published).then_some(known.now)),
    }
}

impl ProductFields {
    fn differ(&self, product: &Product) -> bool {
        self.title != product.title
            || self.description != product.description
            || self.brand != product.brand
            || self.product_type != product.product_type
            || self.seo_title != product.seo_title
            || self.seo_description != product.seo_description
            || self.status != product.status.as_str()
    }
}

fn turned(from: Status, to: &str) -> ProductChange {
    match to {
        to if to == from.as_str() => ProductChange::Edited,
        "published" => ProductChange::Published,
        "archived" => ProductChange::Archived,
        _ => ProductChange::Unpublished,
    }
}

fn variants(wanted: &Wanted, product: &Product, matches: &HashMap<u32, &Variant>, known: &Known<'_>, changes: &mut Changes) {
    let mut values = Values::default();
    for option in &product.options {
        values.options.push((option.name.clone(), option.id, option.values.len()));
        values.known.extend(option.values.iter().map(|value| ((option.id, value.value.clone()), value.id)));
    }
    let mut position = product.variants.len();
    for variant in &wanted.variants {
        if let Some(existing) = matches.get(&variant.row) {
            change_variant(variant, existing, known, changes);
        } else {
            add_variant(&mut changes.rows, &mut values, product.id, position, variant);
            position += 1;
        }
    }
}

fn change_variant(wanted: &WantedVariant, existing: &Variant, known: &Known<'_>, changes: &mut Changes) {
    let fields = VariantFields {
        id: existing.id.uuid(),
        sku: wanted.sku.clone().unwrap_or_else(|| existing.sku.clone()),
        barcode: wanted.barcode.clone().unwrap_or_else(|| existing.barcode.clone()),
        weight_grams: wanted.weight_grams.unwrap_or(existing.weight_grams),
        requires_shipping: wanted.requires_shipping.unwrap_or(existing.requires_shipping),
        is_stock_tracked: wanted.is_stock_tracked.unwrap_or(existing.is_stock_tracked),
        tax_class: match wanted.tax_class {
            // A file knows only taxed or not; a class that the store chose among the taxed ones stays.
            Some("standard") if existing.tax_class != "exempt" => existing.tax_class.clone(),
            Some(class) => class.to_owned(),
            None => existing.tax_class.clone(),
        },
    };
    let differs = fields.sku != existing.sku
        || fields.barcode != existing.barcode
        || fields.weight_grams != existing.weight_grams
        || fields.requires_shipping != existing.requires_shipping
        || fields.is_stock_tracked != existing.is_stock_tracked
        || fields.tax_class != existing.tax_class;
    if differs {
        changes.variants.push(fields);
    }
    let have = existing.price_in(wanted.price.currency);
    let row = price(existing.id, wanted, have.and_then(|price| price.compare_at).map(|compare| compare.minor));
    let same =
        have.is_some_and(|have| have.amount.minor == row.amount && have.compare_at.map(|compare| compare.minor) == row.compare_at_amount);
    if !same {
        changes.rows.prices.push(row);
    }
    let Some(level) = known.levels.get(&existing.id) else { return };
    let backorder = wanted.backorder.unwrap_or(level.backorder);
    let quantity = wanted.quantity.filter(|_| !level.has_moved).map_or(0, |quantity| quantity - level.on_hand);
    if backorder != level.backorder || quantity != 0 {
        changes.levels.push(LevelRow {
            id: level.id.uuid(),
            movement_id: MovementId::new().uuid(),
            quantity,
            backorder: if backorder == Backorder::Allow { "allow" } else { "deny" },
        });
    }
}

fn images(wanted: &Wanted, product: &Product, changes: &mut Changes) {
    let mut position = product.images.len();
    for image in &wanted.images {
        match product.images.iter().find(|existing| existing.source_url.as_deref() == Some(&image.url)) {
            Some(existing) if !image.alt.is_empty() && existing.alt != image.alt => {
                changes.images.push(ImageAlt { id: existing.id.uuid(), alt: image.alt.clone() });
            }
            None if position < new_product::MOST_IMAGES => {
                changes.rows.images.push(ImageRow::awaited(product.id, position, image.url.clone(), image.alt.clone()));
                position += 1;
            }
            Some(_) | None => {}
        }
    }
}

fn tags(wanted: &Wanted, product: &Product, known: &Known<'_>, changes: &mut Changes) {
    let Some(tags) = &wanted.tags else { return };
    let want: HashSet<Uuid> = tags.keys().filter_map(|slug| known.tags.get(slug)).map(|tag| tag.uuid()).collect();
    let have: HashSet<Uuid> = product.tags.iter().map(|tag| tag.id.uuid()).collect();
    let product_id = product.id.uuid();
    changes.rows.tags.extend(want.difference(&have).map(|tag_id| TagRow { product_id, tag_id: *tag_id }));
    changes.tags_lost.extend(have.difference(&want).map(|tag_id| TagLost { product_id, tag_id: *tag_id }));
}
