//! The tax a store in the European Union starts with: the standard rate of value added tax of its own country, as in force on
//! 1 January 2026 (European Commission, "VAT rates applied in the Member States", Taxes in Europe Database). Rates are the
//! store's own data from then on; elsewhere a store starts without any and sets its own.

const STANDARD_RATES: &[(&str, &str)] = &[
    ("AT", "20"),
    ("BE", "21"),
    ("BG", "20"),
    ("CY", "19"),
    ("CZ", "21"),
    ("DE", "19"),
    ("DK", "25"),
    ("EE", "24"),
    ("ES", "21"),
    ("FI", "25.5"),
    ("FR", "20"),
    ("GR", "24"),
    ("HR", "25"),
    ("HU", "27"),
    ("IE", "23"),
    ("IT", "22"),
    ("LT", "21"),
    ("LU", "17"),
    ("LV", "21"),
    ("MT", "18"),
    ("NL", "21"),
    ("PL", "23"),
    ("PT", "23"),
    ("RO", "21"),
    ("SE", "25"),
    ("SI", "22"),
    ("SK", "23"),
];

/// The standard rate in percent, where one is known.
pub(super) fn standard_rate(country: &str) -> Option<&'static str> {
    STANDARD_RATES.iter().find(|(code, _)| *code == country).map(|(_, percent)| *percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_member_states_are_there_once() {
        assert_eq!(STANDARD_RATES.len(), 27);
        assert!(STANDARD_RATES.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(standard_rate("DE"), Some("19"));
        assert_eq!(standard_rate("US"), None);
    }
}
