//! Counts facets from what Postgres sent: one line a product that matched the text.

use std::collections::HashMap;

use crate::{FacetCounts, Field, query::MAX_FACET_VALUES};

/// Between products, and between the terms of one: characters that no value can hold.
pub(super) const PRODUCTS: char = '\u{1e}';
const PARTS: char = '\u{1f}';

/// The facet terms of a product, each between two separators.
pub(super) fn line(terms: &[String]) -> String {
    terms.iter().fold(PARTS.to_string(), |line, term| line + term + &PARTS.to_string())
}

/// How a term stands in a [`line`], and nowhere else in it.
pub(super) fn within_line(term: &str) -> String {
    format!("{PARTS}{term}{PARTS}")
}

/// A field that is counted, and the bit of the filter on it (0 without one).
pub(super) struct Counted {
    pub(super) field: Field,
    pub(super) own_filter: i32,
}

/// Counts the values of each field. Before each line stand the bits of the filters that the product fails; a product
/// counts for a field when it fails no filter but the field's own.
pub(super) fn count(lines: &str, counted: Vec<Counted>) -> Vec<FacetCounts> {
    let mut tallies: Vec<(String, i32, HashMap<&str, u64>)> =
        counted.iter().map(|one| (format!("{}=", one.field), one.own_filter, HashMap::new())).collect();
    for line in lines.split(PRODUCTS).filter(|line| !line.is_empty()) {
        let mut parts = line.split(PARTS);
        let missed: i32 = parts.next().and_then(|bits| bits.parse().ok()).unwrap_or(i32::MAX);
        for term in parts {
            for (prefix, own_filter, values) in &mut tallies {
                if missed & !*own_filter == 0
                    && let Some(value) = term.strip_prefix(prefix.as_str())
                {
                    *values.entry(value).or_default() += 1;
                }
            }
        }
    }
    let sorted = |values: HashMap<&str, u64>| {
        let mut values: Vec<(String, u64)> = values.into_iter().map(|(value, count)| (value.to_owned(), count)).collect();
        values.sort_unstable_by(|(a, many), (b, few)| few.cmp(many).then_with(|| a.cmp(b)));
        values.truncate(MAX_FACET_VALUES);
        values
    };
    counted.into_iter().zip(tallies).map(|(one, (_, _, values))| FacetCounts { field: one.field, values: sorted(values) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_counted_as_if_it_were_not_filtered_by() {
        // Bit 1: not the chosen brand. Bit 2: not the chosen colour.
        let lines = "0\u{1f}brand=Acme\u{1f}option.color=Red\u{1e}1\u{1f}brand=Bolt\u{1f}option.color=Red\u{1e}2\u{1f}brand=Acme\u{1f}option.color=Blue\u{1e}3\u{1f}brand=Bolt\u{1f}option.color=Blue";
        let counted = vec![
            Counted { field: Field::Brand, own_filter: 1 },
            Counted { field: Field::Option("color".into()), own_filter: 2 },
            Counted { field: Field::Tag, own_filter: 0 },
        ];
        let counts = count(lines, counted);
        let values = |i: usize| counts[i].values.iter().map(|(value, count)| (value.as_str(), *count)).collect::<Vec<_>>();
        assert_eq!(values(0), [("Acme", 1), ("Bolt", 1)]);
        assert_eq!(values(1), [("Blue", 1), ("Red", 1)]);
        assert_eq!(values(2), []);
    }
}
