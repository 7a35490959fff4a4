//! Which variants a product may have: one value for each option, and no two alike. Pure.

use std::collections::{BTreeMap, HashSet};

use crate::fault::FieldFault;

/// The values of a variant by the name of the option.
pub(super) type Choices = BTreeMap<String, String>;

/// The title of the one variant of a product without options: nothing to tell a shopper.
pub const ONLY_VARIANT: &str = "Default";

/// What a shopper reads: `Small / Red`; a product without options has [`ONLY_VARIANT`].
pub(super) fn title<'a>(options: impl IntoIterator<Item = &'a str>, choices: &Choices) -> String {
    let values: Vec<&str> = options.into_iter().filter_map(|option| choices.get(option)).map(String::as_str).collect();
    if values.is_empty() { ONLY_VARIANT.into() } else { values.join(" / ") }
}

/// What is wrong with these variants of a product with these options. `pointers` say where each variant was given.
pub(super) fn faults(options: &[&str], variants: &[(String, &Choices)]) -> Vec<FieldFault> {
    let mut faults = Vec::new();
    let mut seen = HashSet::new();
    for (pointer, choices) in variants {
        let before = faults.len();
        for option in options.iter().filter(|option| !choices.contains_key(**option)) {
            faults.push(FieldFault::new(format!("{pointer}/options"), "missing_option", format!("must choose a value for `{option}`")));
        }
        for unknown in choices.keys().filter(|name| !options.contains(&name.as_str())) {
            let place = format!("{pointer}/options/{}", escape(unknown));
            faults.push(FieldFault::new(place, "unknown_option", format!("`{unknown}` is not an option of the product")));
        }
        if faults.len() == before && !seen.insert(*choices) {
            let detail = match options {
                [] => "a product without options has one variant".to_owned(),
                _ => format!("another variant is `{}` as well", title(options.iter().copied(), choices)),
            };
            faults.push(FieldFault::new(format!("{pointer}/options"), "duplicate_combination", detail));
        }
    }
    faults
}

/// Those combinations of the options' values that are not taken yet, the first option's values the slowest to change.
pub(super) fn missing(options: &[(String, Vec<String>)], taken: &HashSet<Choices>) -> Vec<Choices> {
    let mut all = vec![Choices::new()];
    for (name, values) in options {
        let with = |choices: Choices| {
            values.iter().map(move |value| {
                let mut longer = choices.clone();
                longer.insert(name.clone(), value.clone());
                longer
            })
        };
        all = all.into_iter().flat_map(with).collect();
    }
    all.retain(|choices| !taken.contains(choices));
    all
}

/// A key inside a JSON pointer (RFC 6901).
pub(super) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices(pairs: &[(&str, &str)]) -> Choices {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn titles_follow_the_order_of_options() {
        let red = choices(&[("Colour", "Red"), ("Size", "Small")]);
        assert_eq!(title(["Size", "Colour"], &red), "Small / Red");
        assert_eq!(title([], &Choices::new()), "Default");
    }

    #[test]
    fn what_is_missing_follows_the_order_of_options_and_their_values() {
        let options = |list: &[(&str, &[&str])]| -> Vec<(String, Vec<String>)> {
            list.iter().map(|(name, values)| ((*name).to_owned(), values.iter().map(|value| (*value).to_owned()).collect())).collect()
        };
        let sizes = options(&[("Size", &["S", "M"]), ("Colour", &["Red", "Blue"])]);
        let taken = HashSet::from([choices(&[("Size", "S"), ("Colour", "Blue")])]);
        let titles: Vec<String> = missing(&sizes, &taken).iter().map(|found| title(["Size", "Colour"], found)).collect();
        assert_eq!(titles, ["S / Red", "M / Red", "M / Blue"]);
        assert_eq!(missing(&[], &HashSet::new()), [Choices::new()], "a product without options has one variant");
        assert_eq!(missing(&[], &HashSet::from([Choices::new()])), []);
        assert_eq!(missing(&options(&[("Size", &[])]), &HashSet::new()), []);
    }

    type Case<'a> = (&'a [&'a str], Vec<&'a Choices>, Vec<(&'a str, &'a str)>);

    #[test]
    fn each_option_once_and_no_two_alike() {
        let small = choices(&[("Size", "S")]);
        let odd = choices(&[("Size", "S"), ("a/b", "x")]);
        let none = Choices::new();
        let cases: [Case<'_>; 6] = [
            (&["Size"], vec![&small], vec![]),
            (&["Size"], vec![&small, &small], vec![("/variants/1/options", "duplicate_combination")]),
            (&["Size"], vec![&none], vec![("/variants/0/options", "missing_option")]),
            (&["Size"], vec![&odd], vec![("/variants/0/options/a~1b", "unknown_option")]),
            (&[], vec![&none], vec![]),
            (&[], vec![&none, &none], vec![("/variants/1/options", "duplicate_combination")]),
        ];
        for (options, variants, expected) in cases {
            let placed: Vec<_> = variants.into_iter().enumerate().map(|(i, v)| (format!("/variants/{i}"), v)).collect();
            let found = faults(options, &placed);
            let found: Vec<_> = found.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
            assert_eq!(found, expected, "{options:?}");
        }
    }
}
