//! What the rows of one product ask for, and what is wrong with them by row and column. Pure.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    str::FromStr,
};

use rust_decimal::{Decimal, prelude::ToPrimitive};

use super::{
    columns::heading,
    file::{Row, RowFault},
};
use crate::{
    catalog::{
        Status, barcodes,
        combinations::{self, Choices},
        description,
        new_product::{self, Faults},
        tags,
    },
    inventory::levels::Backorder,
    money::{Currency, Money},
    text::{clean_line, clean_text},
};

/// A product as the file wants it. What the file has no column for is `None` and stays as it is; a blank cell clears.
#[derive(Debug)]
pub(super) struct Wanted {
    pub slug: String,
    pub title: Option<String>,
    pub description: Option<String>,
    pub brand: Option<Option<String>>,
    pub product_type: Option<Option<String>>,
    pub seo_title: Option<Option<String>>,
    pub seo_description: Option<Option<String>>,
    /// Names by slug.
    pub tags: Option<BTreeMap<String, String>>,
    pub status: Option<Status>,
    pub options: Vec<String>,
    pub variants: Vec<WantedVariant>,
    pub images: Vec<WantedImage>,
}

#[derive(Debug)]
pub(super) struct WantedVariant {
    pub row: u32,
    pub choices: Choices,
    pub sku: Option<Option<String>>,
    pub barcode: Option<Option<String>>,
    pub weight_grams: Option<i32>,
    pub requires_shipping: Option<bool>,
    pub is_stock_tracked: Option<bool>,
    pub tax_class: Option<&'static str>,
    pub quantity: Option<i32>,
    pub backorder: Option<Backorder>,
    pub price: Money,
    pub compare_at: Option<Option<Money>>,
    pub image: Option<String>,
}

#[derive(Debug)]
pub(super) struct WantedImage {
    pub url: String,
    pub alt: String,
}

/// What a reader of rows knows about the file and the store.
pub(super) struct Context<'a> {
    pub columns: &'a HashSet<String>,
    pub currency: Currency,
}

struct Reader<'a> {
    context: &'a Context<'a>,
    faults: Vec<RowFault>,
}

/// Reads the rows of one product.
///
/// # Errors
/// Every fault of every row: the product is then not touched at all.
pub(super) fn read(slug: &str, rows: &[Row], context: &Context<'_>) -> Result<Wanted, Vec<RowFault>> {
    let mut reader = Reader { context, faults: Vec::new() };
    let wanted = reader.product(slug, rows);
    if reader.faults.is_empty() { Ok(wanted) } else { Err(reader.faults) }
}

impl Reader<'_> {
    fn product(&mut self, slug: &str, rows: &[Row]) -> Wanted {
        for row in rows {
            if let Some((field, message)) = &row.fault {
                self.faults.push(RowFault { row: row.n, field: field.clone(), message: message.clone() });
            }
        }
        let options = self.options(rows);
        let mut variants = Vec::new();
        for row in rows.iter().filter(|row| ["option1_value", "price", "sku"].iter().any(|key| row.cells.contains_key(*key))) {
            variants.extend(self.variant(row, &options));
        }
        let names: Vec<&str> = options.iter().map(|(name, _)| name.as_str()).collect();
        self.distinct(&names, &variants);
        // The product's own columns count in the first row that fills them.
        let first = |key: &str| rows.iter().find(|row| row.cells.contains_key(key));
        let line = |reader: &mut Self, key: &str, max| reader.has(key).then(|| first(key).and_then(|row| reader.line(row, key, max)));
        Wanted {
            slug: slug.to_owned(),
            title: line(self, "title", 255).flatten(),
            description: self.has("description").then(|| first("description").map_or_else(String::new, |row| self.description(row))),
            brand: line(self, "brand", 100),
            product_type: line(self, "product_type", 100),
            seo_title: line(self, "seo_title", new_product::MOST_SEO_TITLE),
            seo_description: self
                .has("seo_description")
                .then(|| first("seo_description").and_then(|row| self.prose(row, "seo_description"))),
            tags: self.has("tags").then(|| first("tags").map_or_else(BTreeMap::new, |row| self.tags(row))),
            status: self.status(first("status"), first("published")),
            options: names.into_iter().map(str::to_owned).collect(),
            images: self.images(rows, &variants),
            variants,
        }
    }

    fn has(&self, key: &str) -> bool {
        self.context.columns.contains(key)
    }

    fn fault(&mut self, row: &Row, key: &str, message: impl Into<String>) {
        self.faults.push(RowFault { row: row.n, field: heading(key).to_owned(), message: message.into() });
    }

    /// A cell's cleaned line; `None` when blank or wrong.
    fn line(&mut self, row: &Row, key: &str, max: usize) -> Option<String> {
        let cell = row.cells.get(key)?;
        clean_line("", cell, max).map_err(|fault| self.fault(row, key, fault.detail)).ok()
    }

    /// As [`Self::line`], but outer `None` when the file has no such column.
    fn optional(&mut self, row: &Row, key: &str, max: usize) -> Option<Option<String>> {
        self.has(key).then(|| self.line(row, key, max))
    }

    fn prose(&mut self, row: &Row, key: &str) -> Option<String> {
        let cleaned = clean_text("", row.cells.get(key)?, new_product::MOST_SEO_DESCRIPTION);
        cleaned.map_err(|fault| self.fault(row, key, fault.detail)).ok().filter(|text| !text.is_empty())
    }

    /// An apostrophe before the digits keeps spreadsheets from making a number of them, and is no part of the barcode.
    fn barcode(&mut self, row: &Row) -> Option<String> {
        let cell = row.cells.get("barcode")?;
        let barcode = cell.strip_prefix('\'').unwrap_or(cell);
        barcodes::clean("", barcode).map_err(|fault| self.fault(row, "barcode", fault.detail)).ok()
    }

    fn description(&mut self, row: &Row) -> String {
        let cleaned = description::clean("", &row.cells["description"]);
        cleaned.unwrap_or_else(|fault| {
            self.fault(row, "description", fault.detail);
            String::new()
        })
    }

    fn tags(&mut self, row: &Row) -> BTreeMap<String, String> {
        let names: Vec<String> = row.cells["tags"].split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
        let mut faults = Faults::default();
        faults.at_most("", names.len(), new_product::MOST_TAGS);
        let tags = tags::named(&mut faults, &names);
        for fault in faults.0 {
            self.fault(row, "tags", fault.detail);
        }
        tags
    }

    fn status(&mut self, status: Option<&Row>, published: Option<&Row>) -> Option<Status> {
        if let Some(row) = status {
            match row.cells["status"].to_lowercase().as_str() {
                "active" => {}
                "draft" => return Some(Status::Draft),
                "archived" => return Some(Status::Archived),
                _ => self.fault(row, "status", "must be active, draft or archived"),
            }
        }
        match published {
            Some(row) => self.truth(row, "published").map(|yes| if yes { Status::Published } else { Status::Draft }),
            None => status.map(|_| Status::Published),
        }
    }

    /// Names of options with the column they stand in. A product whose only option is `Title` has none.
    fn options(&mut self, rows: &[Row]) -> Vec<(String, &'static str)> {
        const PLACES: [(&str, &str); 3] =
            [("option1_name", "option1_value"), ("option2_name", "option2_value"), ("option3_name", "option3_value")];
        let mut options: Vec<(String, &'static str)> = Vec::new();
        for (name_key, value_key) in PLACES {
            let named = rows.iter().find(|row| row.cells.contains_key(name_key));
            let valued = rows.iter().find(|row| row.cells.contains_key(value_key));
            match (named, valued) {
                (Some(row), Some(_)) => {
                    if let Some(name) = self.line(row, name_key, 100) {
                        if options.iter().any(|(other, _)| *other == name) {
                            self.fault(row, name_key, "another option has this name");
                        }
                        options.push((name, value_key));
                    }
                }
                (None, Some(row)) => self.fault(row, name_key, "must name the option that the value belongs to"),
                (_, None) => {}
            }
        }
        let is_default = |row: &Row| row.cells.get("option1_value").is_none_or(|value| value == "Default Title");
        if options.len() == 1 && options[0].0 == "Title" && rows.iter().all(is_default) {
            options.clear();
        }
        options
    }

    fn variant(&mut self, row: &Row, options: &[(String, &'static str)]) -> Option<WantedVariant> {
        let mut choices = Choices::new();
        for (name, key) in options {
            match self.line(row, key, 100) {
                Some(value) => {
                    choices.insert(name.clone(), value);
                }
                None => self.fault(row, key, format!("must choose a value for {name}")),
            }
        }
        let price = self.money(row, "price");
        if !row.cells.contains_key("price") {
            self.fault(row, "price", "must not be empty");
        }
        let compare_at = self.has("compare_at").then(|| self.money(row, "compare_at"));
        let quantity = self.whole(row, "quantity", new_product::MOST_ON_HAND);
        let tracked = row.cells.contains_key("tracker") || quantity.is_some_and(|quantity| quantity > 0);
        Some(WantedVariant {
            row: row.n,
            choices,
            sku: self.optional(row, "sku", 100),
            barcode: self.has("barcode").then(|| self.barcode(row)),
            weight_grams: self.weight(row),
            requires_shipping: self.truth(row, "requires_shipping"),
            is_stock_tracked: (self.has("tracker") || quantity.is_some()).then_some(tracked),
            tax_class: self.truth(row, "taxable").map(|taxable| if taxable { "standard" } else { "exempt" }),
            quantity,
            backorder: self.policy(row),
            image: self.picture(row, "variant_image"),
            // A compare-at price that is not above the price says nothing.
            compare_at: compare_at.map(|compare| compare.filter(|compare| price.is_some_and(|price| compare.minor > price.minor))),
            price: price?,
        })
    }

    fn policy(&mut self, row: &Row) -> Option<Backorder> {
        match row.cells.get("policy")?.to_lowercase().as_str() {
            "deny" | "false" => Some(Backorder::Deny),
            "continue" | "true" => Some(Backorder::Allow),
            _ => {
                self.fault(row, "policy", "must be deny or continue");
                None
            }
        }
    }

    fn truth(&mut self, row: &Row, key: &str) -> Option<bool> {
        match row.cells.get(key)?.to_lowercase().as_str() {
            "true" | "yes" | "1" | "wahr" | "vrai" => Some(true),
            "false" | "no" | "0" | "falsch" | "faux" => Some(false),
            _ => {
                self.fault(row, key, "must be true or false");
                None
            }
        }
    }

    /// A price in the store's main currency; a decimal comma is understood.
    fn money(&mut self, row: &Row, key: &str) -> Option<Money> {
        let cell = row.cells.get(key)?;
        let currency = self.context.currency;
        Money::parse(&plain_decimal(cell, currency.exponent()), currency).map_err(|error| self.fault(row, key, error.to_string())).ok()
    }

    /// A count; what a spreadsheet made a decimal of (`3.0`) is one, and less than none is none.
    fn whole(&mut self, row: &Row, key: &str, max: i32) -> Option<i32> {
        let number = Decimal::from_str(&row.cells.get(key)?.replace(',', ".")).ok().filter(|number| number.fract().is_zero());
        let within = number.and_then(|number| number.to_i32()).filter(|number| *number <= max);
        if within.is_none() {
            self.fault(row, key, format!("must be a whole number up to {max}"));
        }
        within.map(|number| number.max(0))
    }

    fn weight(&mut self, row: &Row) -> Option<i32> {
        let key = if row.cells.contains_key("grams") { "grams" } else { "weight" };
        let cell = row.cells.get(key)?;
        let unit = row.cells.get("weight_unit").map_or("g", String::as_str).to_lowercase();
        let grams_in_unit = match (key, unit.as_str()) {
            ("grams", _) | (_, "g") => Some(Decimal::ONE),
            (_, "kg") => Some(Decimal::ONE_THOUSAND),
            (_, "oz") => Decimal::from_str("28.349523125").ok(),
            (_, "lb") => Decimal::from_str("453.59237").ok(),
            _ => None,
        };
        let number = Decimal::from_str(&cell.replace(',', ".")).ok().filter(|number| !number.is_sign_negative());
        let grams = number.zip(grams_in_unit).and_then(|(number, unit)| number.checked_mul(unit)?.round().to_i32());
        let within = grams.filter(|grams| *grams <= 10_000_000);
        if within.is_none() {
            self.fault(row, key, "must be a weight of at most 10000000 g");
        }
        within
    }

    fn picture(&mut self, row: &Row, key: &str) -> Option<String> {
        let cell = row.cells.get(key)?;
        new_product::url("", cell).map_err(|fault| self.fault(row, key, fault.detail)).ok()
    }

    /// Pictures in the order of their positions, each once; a variant's own picture is one of the product's.
    fn images(&mut self, rows: &[Row], variants: &[WantedVariant]) -> Vec<WantedImage> {
        let mut placed: Vec<(i32, WantedImage)> = Vec::new();
        for row in rows {
            let Some(url) = self.picture(row, "image") else { continue };
            let alt = row.cells.get("image_alt").map_or("", String::as_str);
            let alt = clean_text("", alt, 500).map_err(|fault| self.fault(row, "image_alt", fault.detail)).unwrap_or_default();
            let position = self.whole(row, "image_position", 1000).unwrap_or(i32::MAX);
            if !placed.iter().any(|(_, other)| other.url == url) {
                placed.push((position, WantedImage { url, alt }));
            }
        }
        placed.sort_by_key(|(position, _)| *position);
        let mut images: Vec<WantedImage> = placed.into_iter().map(|(_, image)| image).collect();
        for url in variants.iter().filter_map(|variant| variant.image.as_ref()) {
            if !images.iter().any(|image| image.url == *url) {
                images.push(WantedImage { url: url.clone(), alt: String::new() });
            }
        }
        if images.len() > new_product::MOST_IMAGES
            && let Some(row) = rows.first()
        {
            self.fault(row, "image", format!("a product has at most {} images", new_product::MOST_IMAGES));
        }
        images
    }

    fn distinct(&mut self, options: &[&str], variants: &[WantedVariant]) {
        let mut fault = |row: u32, key: &str, message: String| self.faults.push(RowFault { row, field: heading(key).to_owned(), message });
        if let Some(first) = variants.get(new_product::MOST_VARIANTS) {
            fault(first.row, "handle", format!("a product has at most {} variants", new_product::MOST_VARIANTS));
        }
        let rows: HashMap<String, u32> = variants.iter().map(|variant| (format!("/{}/options", variant.row), variant.row)).collect();
        let placed: Vec<_> = variants.iter().map(|variant| (format!("/{}", variant.row), &variant.choices)).collect();
        for wrong in combinations::faults(options, &placed).into_iter().filter(|fault| fault.code == "duplicate_combination") {
            fault(rows.get(&wrong.pointer).copied().unwrap_or_default(), "option1_value", wrong.detail);
        }
        let (mut skus, mut barcodes) = (HashSet::new(), HashSet::new());
        for variant in variants {
            if let Some(Some(sku)) = &variant.sku
                && !skus.insert(sku)
            {
                fault(variant.row, "sku", "another variant has this SKU".into());
            }
            if let Some(Some(barcode)) = &variant.barcode
                && !barcodes.insert(barcode)
            {
                fault(variant.row, "barcode", "another variant has this barcode".into());
            }
        }
    }
}

/// `19,90` as `19.90`, and `50.00` as `50` where the currency has no decimals.
fn plain_decimal(cell: &str, exponent: u32) -> String {
    let dotted = if cell.contains('.') { cell.to_owned() } else { cell.replacen(',', ".", 1) };
    match dotted.split_once('.') {
        Some((whole, fraction)) if fraction.len() > exponent as usize => {
            let kept = fraction.trim_end_matches('0');
            if kept.is_empty() { whole.to_owned() } else { format!("{whole}.{kept}") }
        }
        _ => dotted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(n: u32, cells: &[(&str, &str)]) -> Row {
        Row { n, cells: cells.iter().map(|(key, cell)| ((*key).to_owned(), (*cell).to_owned())).collect(), fault: None }
    }

    fn wanted(rows: &[Row]) -> Result<Wanted, Vec<RowFault>> {
        let columns = rows.iter().flat_map(|row| row.cells.keys().cloned()).collect();
        read("shirt", rows, &Context { columns: &columns, currency: "EUR".parse().unwrap() })
    }

    #[test]
    fn rows_of_a_product_become_one() {
        let rows = [
            row(
                2,
                &[
                    ("title", "Shirt"),
                    ("option1_name", "Size"),
                    ("option1_value", "S"),
                    ("price", "19,90"),
                    ("tags", "a, b"),
                    ("published", "TRUE"),
                ],
            ),
            row(3, &[("option1_value", "M"), ("price", "20"), ("image", "https://x/1.jpg"), ("taxable", "false"), ("quantity", "3.0")]),
            row(4, &[("image", "https://x/2.jpg"), ("image_position", "1")]),
        ];
        let shirt = wanted(&rows).unwrap();
        assert_eq!(shirt.options, ["Size"]);
        assert_eq!(shirt.variants.iter().map(|variant| variant.price.minor).collect::<Vec<_>>(), [1990, 2000]);
        assert_eq!((shirt.variants[1].tax_class, shirt.variants[1].quantity), (Some("exempt"), Some(3)));
        assert_eq!(shirt.images.iter().map(|image| image.url.as_str()).collect::<Vec<_>>(), ["https://x/2.jpg", "https://x/1.jpg"]);
        assert_eq!(shirt.tags.unwrap().into_keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!((shirt.status, shirt.brand), (Some(Status::Published), None));
    }

    #[test]
    fn a_title_option_is_none() {
        let one = [row(2, &[("title", "Shirt"), ("option1_name", "Title"), ("option1_value", "Default Title"), ("price", "50")])];
        let shirt = wanted(&one).unwrap();
        assert!(shirt.options.is_empty() && shirt.variants[0].choices.is_empty());
    }

    #[test]
    fn faults_name_the_row_and_the_column() {
        let good = [("title", "Shirt"), ("option1_name", "Size"), ("option1_value", "S"), ("price", "1")];
        let cases: [(&[(&str, &str)], &str); 9] = [
            (&[("option1_value", "M"), ("price", "cheap")], "Variant Price"),
            (&[("option1_value", "M")], "Variant Price"),
            (&[("option1_value", "M"), ("price", "-1")], "Variant Price"),
            (&[("option1_value", "M"), ("price", "1.999")], "Variant Price"),
            (&[("option1_value", "S"), ("price", "1")], "Option1 Value"),
            (&[("sku", "A"), ("price", "1")], "Option1 Value"),
            (&[("option1_value", "M"), ("option2_value", "x"), ("price", "1")], "Option2 Name"),
            (&[("option1_value", "M"), ("price", "1"), ("quantity", "many")], "Variant Inventory Qty"),
            (&[("image", "javascript:alert(1)")], "Image Src"),
        ];
        for (cells, field) in cases {
            let faults = wanted(&[row(2, &good), row(3, cells)]).unwrap_err();
            assert!(
                faults.iter().any(|fault| fault.field == field && (fault.row == 3 || field.ends_with("Name"))),
                "{cells:?}: {faults:?}"
            );
        }
    }

    #[test]
    fn decimals_are_read_as_people_write_them() {
        for (cell, exponent, plain) in
            [("19,90", 2, "19.90"), ("50.00", 0, "50"), ("1.500", 2, "1.5"), ("1.999", 2, "1.999"), ("7", 2, "7")]
        {
            assert_eq!(plain_decimal(cell, exponent), plain, "{cell}");
        }
    }
}
