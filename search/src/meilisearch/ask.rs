//! A query as Meilisearch reads it. Facets are disjunctive, so each filtered facet is a question of its own; all go in
//! one multi-search.

use std::collections::BTreeMap;

use commerce::ids::TenantId;
use serde::{Deserialize, Serialize};

use super::stored::{Hit, attribute, option_pair};
use crate::{FacetCounts, Field, Found, Query, Sort, query::MAX_FACET_VALUES};

#[derive(Serialize)]
pub(super) struct MultiSearch<'a> {
    queries: Vec<Search<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Search<'a> {
    index_uid: &'a str,
    q: String,
    filter: String,
    facets: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sort: Vec<String>,
    offset: u64,
    limit: u64,
    attributes_to_retrieve: [&'static str; 1],
    matching_strategy: &'static str,
}

#[derive(Deserialize)]
pub(super) struct MultiAnswer {
    results: Vec<Answer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    hits: Vec<Hit>,
    #[serde(default)]
    estimated_total_hits: u64,
    #[serde(default)]
    facet_distribution: BTreeMap<String, BTreeMap<String, u64>>,
}

/// The hits first, then one search for each facet that is filtered by.
pub(super) fn searches<'a>(index: &'a str, tenant: TenantId, query: &Query) -> MultiSearch<'a> {
    let search = |without: Option<&Field>, facets: Vec<&'static str>| Search {
        index_uid: index,
        q: query.text.clone().unwrap_or_default(),
        filter: filter(tenant, query, without),
        facets,
        sort: Vec::new(),
        offset: 0,
        limit: 0,
        attributes_to_retrieve: ["document"],
        matching_strategy: "all",
    };
    let mut shared: Vec<&'static str> = query.facets.iter().filter(|field| !is_filtered(query, field)).map(attribute).collect();
    shared.sort_unstable();
    shared.dedup();
    let hits = Search { sort: sort(query), offset: query.from, limit: query.limit, ..search(None, shared) };
    let own = query.facets.iter().filter(|field| is_filtered(query, field)).map(|field| search(Some(field), vec![attribute(field)]));
    MultiSearch { queries: std::iter::once(hits).chain(own).collect() }
}

/// Puts the answers of [`searches`] together.
pub(super) fn found(query: &Query, answer: MultiAnswer) -> Found {
    let mut answers = answer.results.into_iter();
    let Some(first) = answers.next() else { return nothing(query) };
    let facets = query.facets.iter().map(|field| {
        let own = if is_filtered(query, field) { answers.next() } else { None };
        let distribution = own.as_ref().map_or(&first.facet_distribution, |own| &own.facet_distribution);
        FacetCounts { field: field.clone(), values: counts(field, distribution.get(attribute(field))) }
    });
    let facets = facets.collect();
    Found { total: first.estimated_total_hits, hits: first.hits.into_iter().map(|hit| hit.document).collect(), facets }
}

/// The answer of an index that does not exist yet.
pub(super) fn nothing(query: &Query) -> Found {
    let facets = query.facets.iter().map(|field| FacetCounts { field: field.clone(), values: Vec::new() });
    Found { hits: Vec::new(), total: 0, facets: facets.collect() }
}

fn is_filtered(query: &Query, field: &Field) -> bool {
    query.filters.values.contains_key(field)
}

fn counts(field: &Field, values: Option<&BTreeMap<String, u64>>) -> Vec<(String, u64)> {
    let prefix = option_pair(field, "").unwrap_or_default();
    let own = |(value, count): (&String, &u64)| value.strip_prefix(&prefix).map(|value| (value.to_owned(), *count));
    let mut counts: Vec<(String, u64)> = values.into_iter().flatten().filter_map(own).filter(|(_, count)| *count > 0).collect();
    counts.sort_by(|(a, many), (b, few)| few.cmp(many).then_with(|| a.cmp(b)));
    counts.truncate(MAX_FACET_VALUES);
    counts
}

fn sort(query: &Query) -> Vec<String> {
    match query.sort {
        // Without a text, the last ranking rule puts the newest first.
        Sort::Relevance => Vec::new(),
        Sort::Newest => vec!["published_at:desc".into()],
        Sort::Price => vec![format!("prices.{}:asc", query.currency)],
        Sort::PriceDescending => vec![format!("prices.{}:desc", query.currency)],
        Sort::Title => vec!["title:asc".into()],
    }
}

/// The one filter every question has: products of this store only.
pub(super) fn of_tenant(tenant: TenantId) -> String {
    format!("tenant_id = {}", quoted(&tenant.uuid().to_string()))
}

fn filter(tenant: TenantId, query: &Query, without: Option<&Field>) -> String {
    let mut all = vec![of_tenant(tenant)];
    for (field, values) in &query.filters.values {
        if Some(field) != without {
            let values = values.iter().map(|value| quoted(&option_pair(field, value).unwrap_or_else(|| value.clone())));
            all.push(format!("{} IN [{}]", attribute(field), values.collect::<Vec<_>>().join(", ")));
        }
    }
    let price = query.filters.price;
    all.extend(price.at_least.map(|least| format!("prices.{} >= {least}", query.currency)));
    all.extend(price.at_most.map(|most| format!("prices.{} <= {most}", query.currency)));
    all.join(" AND ")
}

/// A value that can only be read as a value. A backslash shields the character after it, so both it and the quote are
/// shielded: whatever comes in, the quote at the end is the one that ends.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a quoted value as Meilisearch's filter parser does: up to the first quote that nothing shields.
    fn rest_after_value(filter: &str) -> &str {
        let mut characters = filter.char_indices().skip(1);
        while let Some((place, character)) = characters.next() {
            match character {
                '"' => return &filter[place + 1..],
                '\\' => {
                    characters.next();
                }
                _ => {}
            }
        }
        panic!("the value never ends: {filter}")
    }

    #[test]
    fn no_value_ends_its_own_quotes() {
        for value in ["x\" OR tenant_id = \"y", "x\\", "x\\\" OR 1 = 1", "\\\\\"", "\"", "plain", "x' OR y = 'z"] {
            assert_eq!(rest_after_value(&quoted(value)), "", "{value:?} must stay quoted");
        }
    }
}
