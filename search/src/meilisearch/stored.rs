//! How a product lies in Meilisearch, and how its index is set up.

use std::collections::BTreeMap;

use commerce::ids::{ProductId, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Field, ProductDocument,
    query::{MAX_FACET_VALUES, WINDOW},
};

/// One index for all stores: thousands of small indexes do not scale. Each document says whose it is, and each question
/// asks for one store's only.
#[derive(Serialize)]
pub(super) struct Stored<'a> {
    /// The tenant is part of the key, so that no store can replace another's document.
    key: String,
    tenant_id: String,
    title: &'a str,
    brand: Option<&'a str>,
    tags: Vec<&'a str>,
    categories: Vec<&'a str>,
    product_type: Option<&'a str>,
    option_values: Vec<&'a str>,
    skus: &'a [String],
    description: &'a str,
    category_slugs: Vec<&'a str>,
    tag_slugs: Vec<&'a str>,
    /// `key=value`: an attribute (as Meilisearch means it) for each option and attribute of each store would soon be more than an index can have.
    options: Vec<String>,
    prices: &'a BTreeMap<String, i64>,
    in_stock: bool,
    published_at: i64,
    /// What is answered.
    document: ProductDocument,
}

#[derive(Deserialize)]
pub(super) struct Hit {
    pub(super) document: ProductDocument,
}

pub(super) fn key(tenant: TenantId, product: ProductId) -> String {
    format!("{}_{}", tenant.uuid(), product.uuid())
}

impl<'a> Stored<'a> {
    pub(super) fn new(tenant: TenantId, document: &'a ProductDocument) -> Self {
        let options = document.facets().into_iter().filter_map(|(field, value)| option_pair(&field, &value));
        Self {
            key: key(tenant, document.id),
            tenant_id: tenant.uuid().to_string(),
            title: &document.title,
            brand: document.brand.as_deref(),
            tags: document.tags.iter().map(|tag| tag.name.as_str()).collect(),
            categories: document.categories.iter().map(|category| category.name.as_str()).collect(),
            product_type: document.product_type.as_deref(),
            option_values: document.options.iter().flat_map(|option| option.values.iter().map(String::as_str)).collect(),
            skus: &document.skus,
            description: &document.description,
            category_slugs: document.categories.iter().map(|category| category.slug.as_str()).collect(),
            tag_slugs: document.tags.iter().map(|tag| tag.slug.as_str()).collect(),
            options: options.collect(),
            prices: &document.prices,
            in_stock: document.in_stock,
            published_at: document.published_at.timestamp_micros(),
            document: document.face(),
        }
    }
}

/// The attribute that holds the values of a field.
pub(super) fn attribute(field: &Field) -> &'static str {
    match field {
        Field::Category => "category_slugs",
        Field::Tag => "tag_slugs",
        Field::Brand => "brand",
        Field::ProductType => "product_type",
        Field::InStock => "in_stock",
        Field::Option(_) | Field::Attribute(_) => "options",
    }
}

/// A value of an option or of an attribute, as it lies in `options`. No key of an option has a dot.
pub(super) fn option_pair(field: &Field, value: &str) -> Option<String> {
    match field {
        Field::Option(key) => Some(format!("{key}={value}")),
        Field::Attribute(code) => Some(format!("attribute.{code}={value}")),
        _ => None,
    }
}

/// The settings of the index. Searchable attributes are in the order of their worth.
pub(super) fn settings() -> Value {
    json!({
        "searchableAttributes":
            ["title", "brand", "tags", "categories", "product_type", "option_values", "skus", "description"],
        "filterableAttributes":
            ["tenant_id", "category_slugs", "tag_slugs", "brand", "product_type", "in_stock", "options", "prices"],
        "sortableAttributes": ["prices", "published_at", "title"],
        "displayedAttributes": ["document"],
        "rankingRules": ["sort", "words", "typo", "proximity", "attribute", "exactness", "published_at:desc"],
        "typoTolerance": {
            "enabled": true,
            "minWordSizeForTypos": { "oneTypo": 5, "twoTypos": 9 },
            "disableOnAttributes": ["skus"],
            "disableOnNumbers": true
        },
        // The values of all options share one facet.
        "faceting": { "maxValuesPerFacet": MAX_FACET_VALUES * 3, "sortFacetValuesBy": { "*": "count" } },
        "pagination": { "maxTotalHits": WINDOW },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// They share one attribute of Meilisearch, and must not be taken for each other.
    #[test]
    fn an_option_and_an_attribute_of_one_name_lie_apart() {
        let (option, own) = (Field::Option("material".into()), Field::Attribute("material".into()));
        assert_eq!((attribute(&option), attribute(&own)), ("options", "options"));
        assert_eq!(option_pair(&option, "Wool").as_deref(), Some("material=Wool"));
        assert_eq!(option_pair(&own, "Wool").as_deref(), Some("attribute.material=Wool"));
        assert_eq!(option_pair(&Field::Brand, "Wool"), None);
    }
}
