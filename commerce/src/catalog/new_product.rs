//! What a product is made of, and whether it may be made so. Pure: values in, rows or faults out.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::{
    attribute_values::Given,
    barcodes,
    combinations::{self, Choices},
    currencies::Currencies,
    description,
    rows::{CategoryRow, ChoiceRow, ImageRow, OptionRow, PriceRow, ProductRow, Rows, ValueRow, VariantRow},
    schedule, slugs,
};
use crate::{
    fault::FieldFault,
    ids::{CategoryId, MediaId, OptionId, OptionValueId, PriceId, ProductId, VariantId},
    inventory::levels::{Backorder, Opening},
    money::Money,
    text::{Slug, clean_line, clean_text},
};

pub const MOST_OPTIONS: usize = 5;
pub const MOST_VALUES: usize = 100;
pub const MOST_VARIANTS: usize = 2000;
pub const MOST_IMAGES: usize = 50;
pub const MOST_CATEGORIES: usize = 20;
pub const MOST_TAGS: usize = 50;
/// Units a level may start with or be set to.
pub const MOST_ON_HAND: i32 = 1_000_000;
const MOST_GRAMS: i32 = 10_000_000;
pub(super) const MOST_SEO_TITLE: usize = 255;
pub(super) const MOST_SEO_DESCRIPTION: usize = 1000;

#[derive(Clone, Debug, Default)]
pub struct NewProduct {
    pub title: String,
    /// Suggested by the title when absent.
    pub slug: Option<String>,
    /// HTML; made safe before it is kept.
    pub description: String,
    pub brand: Option<String>,
    pub product_type: Option<String>,
    /// Of the product itself, as its type says.
    pub attributes: Given,
    pub external_id: Option<String>,
    pub seo: Seo,
    /// When it is to be published by itself.
    pub publish_at: Option<DateTime<Utc>>,
    /// When it is to be taken back by itself.
    pub unpublish_at: Option<DateTime<Utc>>,
    pub options: Vec<NewOption>,
    /// None at all is allowed for a draft.
    pub variants: Vec<NewVariant>,
    pub categories: Vec<CategoryId>,
    /// Names; unknown ones are made.
    pub tags: Vec<String>,
    pub images: Vec<NewImage>,
}

/// What search engines and previews are told, where it differs from the title and the description.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seo {
    pub title: Option<String>,
    pub description: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub struct NewOption {
    pub name: String,
    /// Their order; values that only variants name come after.
    pub values: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct NewVariant {
    /// A value by the name of each option.
    pub options: BTreeMap<String, String>,
    pub sku: Option<String>,
    pub barcode: Option<String>,
    pub weight_grams: i32,
    pub requires_shipping: bool,
    pub is_stock_tracked: bool,
    pub tax_class: String,
    pub prices: Vec<NewPrice>,
    /// As the product's type says.
    pub attributes: Given,
    /// Units at the default location.
    pub on_hand: i32,
    pub backorder: Backorder,
}

#[derive(Clone, Copy, Debug)]
pub struct NewPrice {
    pub amount: Money,
    pub compare_at: Option<Money>,
}

/// A picture by its address or by its id: one of the two.
#[derive(Clone, Debug, Default)]
pub struct NewImage {
    pub url: Option<String>,
    pub media_id: Option<MediaId>,
    pub alt: String,
    pub variant_id: Option<VariantId>,
}

impl Default for NewVariant {
    fn default() -> Self {
        Self {
            options: BTreeMap::new(),
            sku: None,
            barcode: None,
            weight_grams: 0,
            requires_shipping: true,
            is_stock_tracked: true,
            tax_class: "standard".into(),
            prices: Vec::new(),
            attributes: Given::new(),
            on_hand: 0,
            backorder: Backorder::Deny,
        }
    }
}

/// Collects faults while values are cleaned, so that a caller hears of all of them at once.
#[derive(Default)]
pub(super) struct Faults(pub Vec<FieldFault>);

impl Faults {
    pub(super) fn take<T: Default>(&mut self, cleaned: Result<T, FieldFault>) -> T {
        cleaned.unwrap_or_else(|fault| {
            self.0.push(fault);
            T::default()
        })
    }

    pub(super) fn line(&mut self, pointer: &str, text: &str, max: usize) -> String {
        self.take(clean_line(pointer, text, max))
    }

    /// An optional line; blank is absent.
    pub(super) fn optional(&mut self, pointer: &str, text: Option<&str>, max: usize) -> Option<String> {
        text.filter(|text| !text.trim().is_empty()).map(|text| self.line(pointer, text, max))
    }

    /// Optional text of several lines; blank is absent.
    pub(super) fn prose(&mut self, pointer: &str, text: Option<&str>, max: usize) -> Option<String> {
        text.filter(|text| !text.trim().is_empty()).map(|text| self.take(clean_text(pointer, text, max)))
    }

    /// An optional barcode; blank is absent.
    pub(super) fn barcode(&mut self, pointer: &str, text: Option<&str>) -> Option<String> {
        text.filter(|text| !text.trim().is_empty()).map(|text| self.take(barcodes::clean(pointer, text)))
    }

    pub(super) fn at_most(&mut self, pointer: &str, count: usize, max: usize) {
        if count > max {
            self.add(pointer, "too_many", format!("must have at most {max} entries"));
        }
    }

    pub(super) fn add(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.0.push(FieldFault::new(pointer, code, detail));
    }

    pub(super) fn slug(&mut self, pointer: &str, given: Option<&str>, title: &str) -> String {
        let slug = match given {
            Some(text) => text.parse::<Slug>().map(Slug::into_string).map_err(|error| FieldFault::new(pointer, "slug", error.to_string())),
            None => slugs::of(title).ok_or_else(|| FieldFault::new(pointer, "required", "the title suggests no slug: give one")),
        };
        self.take(slug)
    }

    pub(super) fn done<T>(self, value: T) -> Result<T, super::Error> {
        if self.0.is_empty() { Ok(value) } else { Err(super::Error::Invalid(self.0)) }
    }
}

/// The rows of a new draft, without its tags (which need the database to know).
///
/// # Errors
/// `Invalid` names every wrong field.
pub(super) fn rows(new: &NewProduct, id: ProductId, currencies: &Currencies, now: DateTime<Utc>) -> Result<Rows, super::Error> {
    let mut faults = Faults::default();
    let mut rows = Rows::default();
    let title = faults.line("/title", &new.title, 255);
    faults.at_most("/options", new.options.len(), MOST_OPTIONS);
    faults.at_most("/variants", new.variants.len(), MOST_VARIANTS);
    faults.at_most("/images", new.images.len(), MOST_IMAGES);
    faults.at_most("/categories", new.categories.len(), MOST_CATEGORIES);
    faults.at_most("/tags", new.tags.len(), MOST_TAGS);
    if !faults.0.is_empty() {
        return Err(super::Error::Invalid(faults.0));
    }
    schedule::check(&mut faults, now, new.publish_at, new.unpublish_at);
    rows.products.push(ProductRow {
        id: id.uuid(),
        slug: faults.slug("/slug", new.slug.as_deref(), &title),
        description: faults.take(description::clean("/description", &new.description)),
        brand: faults.optional("/brand", new.brand.as_deref(), 100),
        product_type: faults.optional("/product_type", new.product_type.as_deref(), 100),
        external_id: faults.optional("/external_id", new.external_id.as_deref(), 100),
        seo_title: faults.optional("/seo/title", new.seo.title.as_deref(), MOST_SEO_TITLE),
        seo_description: faults.prose("/seo/description", new.seo.description.as_deref(), MOST_SEO_DESCRIPTION),
        publish_at: new.publish_at,
        unpublish_at: new.unpublish_at,
        status: "draft",
        published_at: None,
        title,
    });
    let (options, choices) = options(&mut faults, &mut rows, new, id);
    let names: Vec<&str> = options.iter().map(|(name, _)| name.as_str()).collect();
    let placed: Vec<(String, &Choices)> = choices.iter().enumerate().map(|(at, choices)| (format!("/variants/{at}"), choices)).collect();
    faults.0.extend(combinations::faults(&names, &placed));
    for (position, (variant, choices)) in new.variants.iter().zip(&choices).enumerate() {
        let title = combinations::title(names.iter().copied(), choices);
        let variant_id =
            self::variant(&mut faults, &mut rows, &format!("/variants/{position}"), (id, position, title), variant, currencies);
        for (name, option) in &options {
            if let Some(value) = choices.get(name).and_then(|value| option.values.get(value)) {
                rows.choices.push(ChoiceRow { variant_id: variant_id.uuid(), option_id: option.id.uuid(), option_value_id: value.uuid() });
            }
        }
    }
    skus_differ(&mut faults, &new.variants);
    barcodes::differ(&mut faults, &new.variants);
    for (position, image) in new.images.iter().enumerate() {
        rows.images.push(self::image(&mut faults, &format!("/images/{position}"), id, position, image));
    }
    rows.categories = new.categories.iter().map(|category| CategoryRow { product_id: id.uuid(), category_id: category.uuid() }).collect();
    faults.done(rows)
}

struct Made {
    id: OptionId,
    values: HashMap<String, OptionValueId>,
}

/// The options with their values in order, and the cleaned choices of each variant.
fn options(faults: &mut Faults, rows: &mut Rows, new: &NewProduct, product: ProductId) -> (Vec<(String, Made)>, Vec<Choices>) {
    let choices: Vec<Choices> =
        new.variants.iter().enumerate().map(|(at, variant)| self::choices(faults, &format!("/variants/{at}"), &variant.options)).collect();
    let mut made: Vec<(String, Made)> = Vec::new();
    for (position, option) in new.options.iter().enumerate() {
        let pointer = format!("/options/{position}");
        let name = faults.line(&format!("{pointer}/name"), &option.name, 100);
        if made.iter().any(|(other, _)| *other == name) {
            faults.add(format!("{pointer}/name"), "duplicate", "another option has this name");
        }
        let id = OptionId::new();
        rows.options.push(OptionRow { id: id.uuid(), product_id: product.uuid(), name: name.clone(), position });
        let mut listed = Vec::new();
        for (at, value) in option.values.iter().enumerate() {
            let place = format!("{pointer}/values/{at}");
            let value = faults.line(&place, value, 100);
            if listed.contains(&value) {
                faults.add(place, "duplicate", "the option has this value already");
            } else {
                listed.push(value);
            }
        }
        for value in choices.iter().filter_map(|choices| choices.get(&name)) {
            if !listed.contains(value) {
                listed.push(value.clone());
            }
        }
        faults.at_most(&format!("{pointer}/values"), listed.len(), MOST_VALUES);
        let mut values = HashMap::new();
        for (position, value) in listed.into_iter().enumerate() {
            let value_id = OptionValueId::new();
            rows.values.push(ValueRow { id: value_id.uuid(), option_id: id.uuid(), value: value.clone(), position });
            values.insert(value, value_id);
        }
        made.push((name, Made { id, values }));
    }
    (made, choices)
}

/// A variant's choices with clean names and values.
pub(super) fn choices(faults: &mut Faults, pointer: &str, given: &BTreeMap<String, String>) -> Choices {
    let place = format!("{pointer}/options");
    given.iter().map(|(name, value)| (faults.line(&place, name, 100), faults.line(&place, value, 100))).collect()
}

/// A variant with its prices and its opening level. `at`: its product, its place there, and its title.
pub(super) fn variant(
    faults: &mut Faults,
    rows: &mut Rows,
    pointer: &str,
    at: (ProductId, usize, String),
    new: &NewVariant,
    currencies: &Currencies,
) -> VariantId {
    let id = VariantId::new();
    let (product, position, title) = at;
    if !(0..=MOST_ON_HAND).contains(&new.on_hand) {
        faults.add(format!("{pointer}/on_hand"), "range", format!("must be between 0 and {MOST_ON_HAND}"));
    }
    rows.variants.push(VariantRow {
        id: id.uuid(),
        product_id: product.uuid(),
        sku: faults.optional(&format!("{pointer}/sku"), new.sku.as_deref(), 100),
        barcode: faults.barcode(&format!("{pointer}/barcode"), new.barcode.as_deref()),
        title: short(&title),
        position,
        weight_grams: weight(faults, pointer, new.weight_grams),
        requires_shipping: new.requires_shipping,
        is_stock_tracked: new.is_stock_tracked,
        tax_class: tax_class(faults, pointer, &new.tax_class),
    });
    prices(faults, rows, pointer, id, &new.prices, currencies);
    rows.openings.push(Opening { variant_id: id, on_hand: new.on_hand, backorder: new.backorder });
    id
}

/// Five values of a hundred characters are more than a title may have.
pub(super) fn short(title: &str) -> String {
    title.chars().take(320).collect()
}

pub(super) fn weight(faults: &mut Faults, pointer: &str, grams: i32) -> i32 {
    if !(0..=MOST_GRAMS).contains(&grams) {
        faults.add(format!("{pointer}/weight_grams"), "range", format!("must be between 0 and {MOST_GRAMS}"));
    }
    grams
}

pub(super) fn tax_class(faults: &mut Faults, pointer: &str, class: &str) -> String {
    let mut bytes = class.bytes();
    let right = bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && class.len() <= 32;
    if !right {
        faults.add(format!("{pointer}/tax_class"), "tax_class", "must be lower-case letters, digits and underscores, such as `reduced`");
    }
    class.to_owned()
}

/// A variant's prices: each in a currency of the store, none twice, a compare-at price only above the price.
pub(super) fn prices(faults: &mut Faults, rows: &mut Rows, pointer: &str, variant: VariantId, given: &[NewPrice], currencies: &Currencies) {
    let mut seen = HashSet::new();
    for (at, price) in given.iter().enumerate() {
        let pointer = format!("{pointer}/prices/{at}");
        let currency = price.amount.currency;
        if !currencies.all.contains(&currency) {
            faults.add(format!("{pointer}/price"), "currency", format!("the store does not sell in {currency}"));
        }
        if !seen.insert(currency) {
            faults.add(format!("{pointer}/price"), "duplicate", format!("there is another price in {currency}"));
        }
        if price.compare_at.is_some_and(|compare| compare.currency != currency || compare.minor <= price.amount.minor) {
            faults.add(format!("{pointer}/compare_at"), "compare_at", "must be in the same currency and greater than the price");
        }
        rows.prices.push(PriceRow {
            id: PriceId::new().uuid(),
            variant_id: variant.uuid(),
            currency: currency.code(),
            amount: price.amount.minor,
            compare_at_amount: price.compare_at.map(|compare| compare.minor),
        });
    }
}

fn skus_differ(faults: &mut Faults, variants: &[NewVariant]) {
    let mut seen = HashSet::new();
    for (at, variant) in variants.iter().enumerate() {
        let sku = variant.sku.as_deref().map(str::trim).filter(|sku| !sku.is_empty());
        if sku.is_some_and(|sku| !seen.insert(sku)) {
            faults.add(format!("/variants/{at}/sku"), "duplicate", "another variant has this SKU");
        }
    }
}

/// What a picture that is named by its id shows is filled in later ([`super::images::hold`]).
pub(super) fn image(faults: &mut Faults, pointer: &str, product: ProductId, position: usize, new: &NewImage) -> ImageRow {
    if new.url.is_some() == new.media_id.is_some() {
        faults.add(format!("{pointer}/url"), "one_of", "a picture has a `url` or a `media_id`, and not both");
    }
    let source_url = new.url.as_deref().map(|text| faults.take(url(&format!("{pointer}/url"), text)));
    ImageRow {
        variant_id: new.variant_id.map(VariantId::uuid),
        url: source_url.clone(),
        source_url,
        media_id: new.media_id.map(MediaId::uuid),
        ..ImageRow::awaited(product, position, String::new(), faults.take(clean_text(&format!("{pointer}/alt"), &new.alt, 500)))
    }
}

/// A picture's address: http or https, with a host, without a user.
pub(super) fn url(pointer: &str, url: &str) -> Result<String, FieldFault> {
    let url = clean_line(pointer, url, 2000)?;
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let right =
        host.is_some_and(|host| !host.is_empty() && !host.contains(['@', '\\'])) && !url.contains(|c: char| c.is_whitespace() || c == '"');
    if right { Ok(url) } else { Err(FieldFault::new(pointer, "url", "must be an http or https address")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault as _;

    fn euros(minor: i64) -> Money {
        Money::new(minor, "EUR".parse().unwrap())
    }

    fn shirt() -> NewProduct {
        let size = |value: &str| NewVariant {
            options: [("Size".to_owned(), value.to_owned())].into(),
            prices: vec![NewPrice { amount: euros(1990), compare_at: None }],
            ..NewVariant::default()
        };
        NewProduct {
            title: "Ocean Shirt".into(),
            options: vec![NewOption { name: "Size".into(), values: vec![] }],
            variants: vec![size("S"), size("M")],
            ..NewProduct::default()
        }
    }

    fn made(new: &NewProduct) -> Result<Rows, Vec<(String, &'static str)>> {
        let euro = "EUR".parse().unwrap();
        let now = "2026-03-01T12:00:00Z".parse().unwrap();
        rows(new, ProductId::new(), &Currencies { main: euro, all: vec![euro] }, now)
            .map_err(|error| error.fields().into_iter().map(|fault| (fault.pointer, fault.code)).collect())
    }

    #[test]
    fn a_product_becomes_rows() {
        let rows = made(&shirt()).unwrap();
        assert_eq!(rows.products[0].slug, "ocean-shirt");
        assert_eq!(rows.variants.iter().map(|variant| variant.title.as_str()).collect::<Vec<_>>(), ["S", "M"]);
        assert_eq!((rows.values.len(), rows.choices.len(), rows.prices.len(), rows.openings.len()), (2, 2, 2, 2));
    }

    #[test]
    fn every_wrong_field_is_named() {
        type Spoil = fn(&mut NewProduct);
        let cases: [(Spoil, &str, &str); 16] = [
            (|p| p.title = " ".into(), "/title", "required"),
            (|p| p.slug = Some("A b".into()), "/slug", "slug"),
            (|p| p.variants[1].options = p.variants[0].options.clone(), "/variants/1/options", "duplicate_combination"),
            (|p| p.variants[0].prices[0].amount = Money::new(1, "USD".parse().unwrap()), "/variants/0/prices/0/price", "currency"),
            (|p| p.variants[0].prices[0].compare_at = Some(euros(1990)), "/variants/0/prices/0/compare_at", "compare_at"),
            (|p| p.variants[0].weight_grams = -1, "/variants/0/weight_grams", "range"),
            (|p| p.variants[0].on_hand = -1, "/variants/0/on_hand", "range"),
            (|p| p.variants[0].tax_class = "Zero Rate".into(), "/variants/0/tax_class", "tax_class"),
            (|p| p.images = vec![NewImage { url: Some("javascript:alert(1)".into()), ..NewImage::default() }], "/images/0/url", "url"),
            (|p| p.variants = vec![NewVariant::default(); 2001], "/variants", "too_many"),
            (|p| p.variants.iter_mut().for_each(|v| v.sku = Some("A".into())), "/variants/1/sku", "duplicate"),
            (|p| p.variants.iter_mut().for_each(|v| v.barcode = Some("B".into())), "/variants/1/barcode", "duplicate"),
            (|p| p.variants[0].barcode = Some("4006381333930".into()), "/variants/0/barcode", "gtin"),
            (|p| p.seo.title = Some("x".repeat(256)), "/seo/title", "too_long"),
            (|p| p.publish_at = "2026-03-01T12:00:00Z".parse().ok(), "/publish_at", "past"),
            (
                |p| {
                    p.publish_at = "2026-03-03T12:00:00Z".parse().ok();
                    p.unpublish_at = "2026-03-02T12:00:00Z".parse().ok();
                },
                "/unpublish_at",
                "order",
            ),
        ];
        for (spoil, pointer, code) in cases {
            let mut product = shirt();
            spoil(&mut product);
            let faults = made(&product).err().unwrap_or_default();
            assert!(faults.contains(&(pointer.to_owned(), code)), "{pointer} {code} in {faults:?}");
        }
    }

    #[test]
    fn pictures_come_from_the_web_only() {
        for right in ["https://cdn.example/a.jpg", "http://x/y@2x.jpg", "https://cdn.example:8443/a?b=c"] {
            assert!(url("/url", right).is_ok(), "{right}");
        }
        for wrong in [
            "ftp://x/a",
            "https://",
            "//cdn/a.jpg",
            "data:image/png;base64,x",
            "https://user@host/a",
            "https://a b/c",
            "file:///etc/passwd",
        ] {
            assert!(url("/url", wrong).is_err(), "{wrong}");
        }
    }
}
