//! A product made like another: a draft with the same options, variants, prices, pictures, groups and attributes. What only one
//! product may have (SKUs, barcodes, its external id) stays with the first, and so do its units.

use std::collections::HashMap;

use sea_orm::FromQueryResult;
use tenancy::TenantTx;
use uuid::Uuid;

use super::{
    Error, Product, attribute_values, detail,
    events::ProductChange,
    images,
    new_product::Faults,
    rows::{CategoryRow, ChoiceRow, ImageRow, OptionRow, PriceRow, ProductRow, Rows, TagRow, ValueRow, VariantRow},
    settle, slugs,
};
use crate::{
    clock::Clock,
    ids::{ImageId, MediaId, OptionId, OptionValueId, PriceId, ProductId, VariantId},
    inventory::levels::{Backorder, Opening},
    sql,
    text::SLUG_MAX,
};

/// How many slugs are tried when none is given.
const TRIES: usize = 20;

/// Makes a draft like a product. Without a title it is the other's with `(copy)`; without a slug, one that is free.
///
/// # Errors
/// `ProductNotFound`, `SlugTaken`, `Invalid`.
pub async fn duplicate(
    tx: &TenantTx,
    clock: &Clock,
    from: ProductId,
    (title, slug): (Option<&str>, Option<&str>),
) -> Result<Product, Error> {
    let whole = detail::find(tx, from).await?;
    let mut faults = Faults::default();
    let title = title
        .map_or_else(|| format!("{} (copy)", whole.title.chars().take(248).collect::<String>()), |title| faults.line("/title", title, 255));
    let slug = slug.map(|slug| faults.slug("/slug", Some(slug), ""));
    faults.done(())?;
    let slug = match slug {
        Some(slug) => slug,
        None => free_slug(tx, &title).await?,
    };
    let id = ProductId::new();
    let (mut rows, twins) = copy(&whole, id, title, slug);
    images::hold(tx, &mut rows.images, |at| format!("/images/{at}")).await?;
    rows.insert(tx, clock, None).await?;
    attribute_values::copy(tx, from, id, &twins).await?;
    let text = "INSERT INTO related_products (tenant_id, product_id, related_id, position)
                SELECT $1, $3, r.related_id, r.position FROM related_products r WHERE r.tenant_id = $1 AND r.product_id = $2";
    sql::run(tx, text, [tx.tenant().into(), from.into(), id.into()]).await?;
    settle::end(tx, clock, id, ProductChange::Created).await?;
    detail::find(tx, id).await
}

/// A slug that the title suggests and no product has.
async fn free_slug(tx: &TenantTx, title: &str) -> Result<String, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        slug: String,
    }
    let suggested = slugs::of(title).ok_or_else(|| Error::at("/slug", "required", "the title suggests no slug: give one"))?;
    let numbered = |number: usize| {
        let end = format!("-{number}");
        let start: String = suggested.chars().take(SLUG_MAX - end.len()).collect();
        format!("{}{end}", start.trim_end_matches('-'))
    };
    let candidates: Vec<String> = std::iter::once(suggested.clone()).chain((2..=TRIES).map(numbered)).collect();
    let text = "SELECT slug FROM products WHERE tenant_id = $1 AND slug = ANY ($2)";
    let taken: Vec<Row> = sql::all(tx, text, [tx.tenant().into(), candidates.clone().into()]).await?;
    candidates.into_iter().find(|slug| !taken.iter().any(|row| row.slug == *slug)).ok_or(Error::SlugTaken)
}

/// The rows of the copy, and each variant with its twin.
fn copy(whole: &Product, id: ProductId, title: String, slug: String) -> (Rows, Vec<(VariantId, VariantId)>) {
    let product_id = id.uuid();
    let mut rows = Rows::default();
    rows.products.push(ProductRow {
        id: product_id,
        slug,
        title,
        description: whole.description.clone(),
        brand: whole.brand.clone(),
        product_type: whole.product_type.clone(),
        external_id: None,
        seo_title: whole.seo_title.clone(),
        seo_description: whole.seo_description.clone(),
        publish_at: None,
        unpublish_at: None,
        status: "draft",
        published_at: None,
    });
    let mut values: HashMap<OptionValueId, (Uuid, Uuid)> = HashMap::new();
    for (position, option) in whole.options.iter().enumerate() {
        let option_id = OptionId::new().uuid();
        rows.options.push(OptionRow { id: option_id, product_id, name: option.name.clone(), position });
        for (position, value) in option.values.iter().enumerate() {
            let value_id = OptionValueId::new().uuid();
            rows.values.push(ValueRow { id: value_id, option_id, value: value.value.clone(), position });
            values.insert(value.id, (option_id, value_id));
        }
    }
    let mut twins = Vec::new();
    for (position, variant) in whole.variants.iter().enumerate() {
        let twin = VariantId::new();
        twins.push((variant.id, twin));
        rows.variants.push(VariantRow {
            id: twin.uuid(),
            product_id,
            sku: None,
            barcode: None,
            title: variant.title.clone(),
            position,
            weight_grams: variant.weight_grams,
            requires_shipping: variant.requires_shipping,
            is_stock_tracked: variant.is_stock_tracked,
            tax_class: variant.tax_class.clone(),
        });
        for (option_id, option_value_id) in variant.value_ids.iter().filter_map(|value| values.get(value)) {
            rows.choices.push(ChoiceRow { variant_id: twin.uuid(), option_id: *option_id, option_value_id: *option_value_id });
        }
        rows.prices.extend(variant.prices.iter().map(|price| PriceRow {
            id: PriceId::new().uuid(),
            variant_id: twin.uuid(),
            currency: price.amount.currency.code(),
            amount: price.amount.minor,
            compare_at_amount: price.compare_at.map(|compare| compare.minor),
        }));
        rows.openings.push(Opening { variant_id: twin, on_hand: 0, backorder: Backorder::Deny });
    }
    let twin_of = |id: VariantId| twins.iter().find(|(old, _)| *old == id).map(|(_, new)| new.uuid());
    rows.images.extend(whole.images.iter().enumerate().map(|(position, image)| ImageRow {
        id: ImageId::new().uuid(),
        product_id,
        variant_id: image.variant_id.and_then(twin_of),
        url: image.url.clone(),
        source_url: image.source_url.clone(),
        media_id: image.media_id.map(MediaId::uuid),
        picture: None,
        failure: None,
        alt: image.alt.clone(),
        position,
    }));
    rows.categories = whole.categories.iter().map(|category| CategoryRow { product_id, category_id: category.id.uuid() }).collect();
    rows.tags = whole.tags.iter().map(|tag| TagRow { product_id, tag_id: tag.id.uuid() }).collect();
    (rows, twins)
}
