//! The terms a document is found by, and what each is worth.

use std::collections::BTreeMap;

use crate::{Field, ProductDocument, words::indexed_words};

const TITLE: i16 = 5;
const BRAND: i16 = 4;
const GROUPS: i16 = 3;
const DETAILS: i16 = 2;
const DESCRIPTION: i16 = 1;
/// Filters are found through the same index as words, and are worth nothing.
const FACET: i16 = 0;

/// A document is found by at most this many words; a description gives up the rest.
const MAX_TERMS: usize = 400;

/// A value of a field, as it is kept and looked up. No word of a text holds a `=`.
pub(super) fn facet_term(field: &Field, value: &str) -> String {
    format!("{field}={value}")
}

/// The facet terms of a document.
pub(super) fn facet_terms(document: &ProductDocument) -> Vec<String> {
    let is_plain = |character: &char| !character.is_control();
    let mut terms: Vec<String> =
        document.facets().iter().map(|(field, value)| facet_term(field, value).chars().filter(is_plain).collect()).collect();
    terms.sort_unstable();
    terms.dedup();
    terms
}

/// Every term of a document with the weight of the best place it stands in.
pub(super) fn weighted_terms(document: &ProductDocument) -> BTreeMap<String, i16> {
    let mut terms = BTreeMap::new();
    let mut add = |text: &str, weight: i16| {
        for word in indexed_words(text) {
            if terms.len() < MAX_TERMS {
                terms.entry(word).or_insert(weight);
            }
        }
    };
    // From the worthiest place to the least: the first one counts.
    add(&document.title, TITLE);
    document.brand.iter().for_each(|brand| add(brand, BRAND));
    document.tags.iter().for_each(|tag| add(&tag.name, BRAND));
    document.categories.iter().for_each(|category| add(&category.name, GROUPS));
    document.product_type.iter().for_each(|kind| add(kind, GROUPS));
    document.options.iter().flat_map(|option| &option.values).for_each(|value| add(value, DETAILS));
    document.skus.iter().for_each(|sku| add(sku, DETAILS));
    add(&document.description, DESCRIPTION);
    terms.extend(facet_terms(document).into_iter().map(|term| (term, FACET)));
    terms
}
