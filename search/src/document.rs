//! What search knows of a product: only what any shopper may see. Never a cost, a draft or anything personal.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use commerce::{
    ids::{CategoryId, ProductId},
    text::fold,
};
use serde::{Deserialize, Serialize};

use crate::query::Field;

/// One published product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductDocument {
    pub id: ProductId,
    pub slug: String,
    pub title: String,
    pub brand: Option<String>,
    pub product_type: Option<String>,
    /// The categories the product is in, and all above them.
    pub categories: Vec<Category>,
    pub tags: Vec<Tag>,
    pub options: Vec<ProductOption>,
    /// Those that can be filtered by, of the product and of its variants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
    pub image: Option<Image>,
    /// The lowest price of its variants in minor units, by ISO 4217 code.
    pub prices: BTreeMap<String, i64>,
    /// Whether at least one variant can be bought now.
    pub in_stock: bool,
    pub published_at: DateTime<Utc>,
    /// Searched, never answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skus: Vec<String>,
    /// Plain text. Searched, never answered.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    pub id: CategoryId,
    pub slug: String,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    pub slug: String,
    pub name: String,
}

/// What distinguishes the variants: `Colour` with `Blue` and `Red`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductOption {
    pub name: String,
    pub values: Vec<String>,
}

/// `material` with `Silk` and `Wool`, `width` with `12.5`: values as they are filtered by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    pub code: String,
    pub values: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    pub url: String,
    pub alt: String,
}

impl ProductDocument {
    /// The part that is answered: all but what is only searched.
    pub(crate) fn face(&self) -> Self {
        Self { skus: Vec::new(), description: String::new(), ..self.clone() }
    }

    /// Every value that can be filtered by and counted.
    pub(crate) fn facets(&self) -> Vec<(Field, String)> {
        let mut facets = Vec::new();
        facets.extend(self.categories.iter().map(|category| (Field::Category, category.slug.clone())));
        facets.extend(self.tags.iter().map(|tag| (Field::Tag, tag.slug.clone())));
        facets.extend(self.brand.iter().map(|brand| (Field::Brand, brand.clone())));
        facets.extend(self.product_type.iter().map(|kind| (Field::ProductType, kind.clone())));
        facets.push((Field::InStock, self.in_stock.to_string()));
        for option in &self.options {
            let field = Field::Option(option_key(&option.name));
            facets.extend(option.values.iter().map(|value| (field.clone(), value.clone())));
        }
        for attribute in &self.attributes {
            let field = Field::Attribute(attribute.code.clone());
            facets.extend(attribute.values.iter().map(|value| (field.clone(), value.clone())));
        }
        facets
    }

    /// The title as it is sorted by.
    pub(crate) fn title_key(&self) -> String {
        fold(&self.title)
    }
}

/// The name of an option in a query: `Shoe size` is `option.shoe-size`.
pub fn option_key(name: &str) -> String {
    let mut key = String::new();
    for character in fold(name).chars() {
        if character.is_alphanumeric() {
            key.push(character);
        } else if !key.ends_with('-') && !key.is_empty() {
            key.push('-');
        }
    }
    key.trim_end_matches('-').to_owned()
}

/// The text of a description that may hold HTML, for searching only: what is between tags is kept, tags are not.
pub(crate) fn plain_text(html: &str, max_characters: usize) -> String {
    let mut text = String::new();
    let mut in_tag = false;
    for character in html.chars() {
        match character {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                text.push(' ');
            }
            _ if in_tag => {}
            _ => text.push(character),
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(max_characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_have_names_that_fit_a_url() {
        for (name, key) in [("Color", "color"), ("Shoe size", "shoe-size"), (" Größe (EU) ", "grosse-eu"), ("サイズ", "サイス"), ("=", "")]
        {
            assert_eq!(option_key(name), key);
        }
    }

    #[test]
    fn tags_are_not_text() {
        assert_eq!(plain_text("<p>Soft<br/>wool &amp; silk</p> <script>", 100), "Soft wool &amp; silk");
        assert_eq!(plain_text("abc", 2), "ab");
    }
}
