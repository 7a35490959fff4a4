//! The columns of a product export in Shopify's format that Stoa reads. Others are passed over.

use std::collections::BTreeMap;

/// Each column by the key it is staged under, with the headings it goes by. The first heading names it to people.
const COLUMNS: &[(&str, &[&str])] = &[
    ("handle", &["Handle", "URL handle"]),
    ("title", &["Title"]),
    ("description", &["Body (HTML)", "Body HTML", "Description"]),
    ("brand", &["Vendor"]),
    ("product_type", &["Type", "Product type"]),
    ("tags", &["Tags"]),
    ("seo_title", &["SEO Title", "SEO title"]),
    ("seo_description", &["SEO Description", "SEO description"]),
    ("published", &["Published", "Published on online store"]),
    ("status", &["Status"]),
    ("option1_name", &["Option1 Name", "Option1 name"]),
    ("option1_value", &["Option1 Value", "Option1 value"]),
    ("option2_name", &["Option2 Name", "Option2 name"]),
    ("option2_value", &["Option2 Value", "Option2 value"]),
    ("option3_name", &["Option3 Name", "Option3 name"]),
    ("option3_value", &["Option3 Value", "Option3 value"]),
    ("sku", &["Variant SKU", "SKU"]),
    ("barcode", &["Variant Barcode", "Barcode"]),
    ("grams", &["Variant Grams", "Weight value (grams)"]),
    ("weight", &["Variant Weight"]),
    ("weight_unit", &["Variant Weight Unit", "Weight unit for display"]),
    ("tracker", &["Variant Inventory Tracker", "Inventory tracker"]),
    ("quantity", &["Variant Inventory Qty", "Inventory quantity"]),
    ("policy", &["Variant Inventory Policy", "Continue selling when out of stock"]),
    ("price", &["Variant Price", "Price"]),
    ("compare_at", &["Variant Compare At Price", "Compare-at price"]),
    ("requires_shipping", &["Variant Requires Shipping", "Requires shipping"]),
    ("taxable", &["Variant Taxable", "Charge tax"]),
    ("image", &["Image Src", "Product image URL"]),
    ("image_position", &["Image Position", "Image position"]),
    ("image_alt", &["Image Alt Text", "Image alt text"]),
    ("variant_image", &["Variant Image", "Variant image URL"]),
];

const REQUIRED: &[&str] = &["handle", "title", "price"];

/// The heading that people know a column by.
pub(super) fn heading(key: &str) -> &str {
    COLUMNS.iter().find(|(known, _)| *known == key).map_or(key, |(_, headings)| headings[0])
}

/// Which cell of a row holds which column.
#[derive(Debug)]
pub(super) struct Columns(BTreeMap<&'static str, usize>);

impl Columns {
    /// Reads the first line of a file.
    ///
    /// # Errors
    /// The headings of required columns that are missing, or of columns that come twice.
    pub(super) fn of_headings<'a>(headings: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let mut found = BTreeMap::new();
        for (at, heading) in headings.enumerate() {
            let name = heading.trim().to_lowercase();
            let known = COLUMNS.iter().find(|(_, headings)| headings.iter().any(|known| known.to_lowercase() == name));
            if let Some((key, headings)) = known
                && found.insert(*key, at).is_some()
            {
                return Err(format!("the column {} comes twice", headings[0]));
            }
        }
        let missing: Vec<&str> = REQUIRED.iter().filter(|key| !found.contains_key(*key)).map(|key| heading(key)).collect();
        if missing.is_empty() { Ok(Self(found)) } else { Err(format!("the file has no column {}", missing.join(", "))) }
    }

    pub(super) fn keys(&self) -> Vec<String> {
        self.0.keys().map(|key| (*key).to_owned()).collect()
    }

    pub(super) fn places(&self) -> impl Iterator<Item = (&'static str, usize)> + '_ {
        self.0.iter().map(|(key, at)| (*key, *at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_found_in_any_case_and_order() {
        let columns = Columns::of_headings(["VARIANT PRICE", " title ", "Something Else", "handle"].into_iter()).unwrap();
        assert_eq!(columns.places().collect::<Vec<_>>(), [("handle", 3), ("price", 0), ("title", 1)]);
        assert_eq!(columns.keys(), ["handle", "price", "title"]);
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(Columns::of_headings(["Title"].into_iter()).unwrap_err(), "the file has no column Handle, Variant Price");
        assert!(Columns::of_headings(["Handle", "Title", "Price", "Variant Price"].into_iter()).is_err());
    }
}
