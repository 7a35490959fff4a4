//! The demo stores' goods, read from a text a person can edit: one line a product, headings for categories.

use std::collections::BTreeMap;

use anyhow::Context;

pub(super) struct Section {
    pub name: String,
    /// The heading above it, for a category within a category.
    pub parent: Option<String>,
    pub products: Vec<Product>,
}

pub(super) struct Product {
    pub title: String,
    pub brand: String,
    pub tags: Vec<String>,
    pub compare_at: Option<u64>,
    pub grams: u32,
    pub options: Vec<(String, Vec<String>)>,
    pub variants: Vec<Variant>,
    pub description: String,
}

pub(super) struct Variant {
    /// Option name → value.
    pub values: BTreeMap<String, String>,
    pub cents: u64,
}

/// # Errors
/// A line does not have its seven fields, or a price is not one. The line is named.
pub(super) fn read(text: &str) -> anyhow::Result<Vec<Section>> {
    let mut sections: Vec<Section> = Vec::new();
    let mut top = None;
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix("== ") {
            sections.push(Section { name: name.to_owned(), parent: top.clone(), products: Vec::new() });
        } else if let Some(name) = line.strip_prefix("= ") {
            top = Some(name.to_owned());
            sections.push(Section { name: name.to_owned(), parent: None, products: Vec::new() });
        } else {
            let product = product(line).with_context(|| format!("this line of a demo catalogue cannot be read: {line}"))?;
            sections.last_mut().context("a product before the first heading")?.products.push(product);
        }
    }
    Ok(sections)
}

fn product(line: &str) -> anyhow::Result<Product> {
    let fields: Vec<&str> = line.split('|').map(str::trim).collect();
    let [title, brand, tags, price, grams, options, description] = fields.as_slice() else { anyhow::bail!("seven fields are wanted") };
    let (now, was) = price.split_once('<').map_or((*price, None), |(now, was)| (now.trim(), Some(was.trim())));
    let base = cents(now)?;
    let mut all = Vec::new();
    for option in options.split(';').filter(|option| !option.trim().is_empty()) {
        let (name, values) = option.split_once(':').context("an option is `Name: value, value`")?;
        let values = values.split(',').map(|value| priced(value.trim())).collect::<anyhow::Result<Vec<_>>>()?;
        all.push((name.trim().to_owned(), values));
    }
    let mut variants = vec![Variant { values: BTreeMap::new(), cents: base }];
    for (name, values) in &all {
        variants = variants.iter().flat_map(|variant| values.iter().map(|(value, extra)| variant.with(name, value, *extra))).collect();
    }
    Ok(Product {
        title: (*title).to_owned(),
        brand: (*brand).to_owned(),
        tags: tags.split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect(),
        compare_at: was.map(cents).transpose()?,
        grams: grams.parse().context("grams are a number")?,
        options: all.into_iter().map(|(name, values)| (name, values.into_iter().map(|(value, _)| value).collect())).collect(),
        variants,
        description: (*description).to_owned(),
    })
}

impl Variant {
    fn with(&self, name: &str, value: &str, extra: u64) -> Self {
        let mut values = self.values.clone();
        values.insert(name.to_owned(), value.to_owned());
        Self { values, cents: self.cents + extra }
    }
}

/// `Large+19.00` → the value and what it costs on top.
fn priced(value: &str) -> anyhow::Result<(String, u64)> {
    match value.rsplit_once('+') {
        Some((name, extra)) => Ok((name.to_owned(), cents(extra)?)),
        None => Ok((value.to_owned(), 0)),
    }
}

fn cents(text: &str) -> anyhow::Result<u64> {
    let (whole, part) = text.split_once('.').context("a price has two decimals")?;
    Ok(whole.parse::<u64>()? * 100 + part.parse::<u64>()?)
}

/// `4990` → `49.90`
pub(super) fn amount(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// `Chef's Knife 20 cm` → `chefs-knife-20-cm`
pub(super) fn slug(title: &str) -> String {
    let kept = title.to_lowercase().replace('\'', "").replace('&', "and");
    let words = kept.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_catalogues_are_read_whole() {
        for text in [include_str!("lindgrove.txt"), include_str!("harbor-and-pine.txt")] {
            let products: Vec<Product> = read(text).unwrap().into_iter().flat_map(|section| section.products).collect();
            assert!(products.len() >= 40);
            let mut slugs: Vec<String> = products.iter().map(|product| slug(&product.title)).collect();
            slugs.sort();
            slugs.dedup();
            assert_eq!(slugs.len(), products.len(), "two products would have one slug");
        }
    }

    #[test]
    fn options_multiply_and_their_surcharges_add_up() {
        let product = product("Shelf | B | wood | 69.00 < 80.00 | 100 | Length: 60, 90+24.00; Wood: Oak, Walnut+18.00 | Text").unwrap();
        let prices: Vec<u64> = product.variants.iter().map(|variant| variant.cents).collect();
        assert_eq!((prices, product.compare_at), (vec![6900, 8700, 9300, 11100], Some(8000)));
    }
}
