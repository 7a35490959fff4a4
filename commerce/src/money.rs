//! Money: whole minor units of one currency. Never a float, never a bare number.
//!
//! Arithmetic is checked; amounts of two currencies do not mix; a split always sums to the whole.

use std::{fmt, str::FromStr};

use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive};
use sea_orm::DeriveValueType;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// An ISO 4217 currency that money is counted in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, DeriveValueType)]
#[sea_orm(value_type = "String")]
pub struct Currency(iso_currency::Currency);

impl Currency {
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Digits after the decimal point: 0 for JPY, 2 for EUR, 3 for KWD.
    pub fn exponent(self) -> u32 {
        u32::from(self.0.exponent().unwrap_or(0))
    }

    /// Minor units in one major unit.
    pub fn minor_per_major(self) -> i64 {
        10_i64.pow(self.exponent())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(code: &str) -> Result<Self, MoneyError> {
        let upper = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        // Codes without minor units (gold, test codes) are no money.
        upper
            .then(|| iso_currency::Currency::from_code(code))
            .flatten()
            .filter(|currency| currency.exponent().is_some())
            .map(Self)
            .ok_or_else(|| MoneyError::UnknownCurrency(code.to_owned()))
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("`{0}` is not a currency (ISO 4217)")]
    UnknownCurrency(String),
    #[error("an amount in {currency} is written with digits and at most {exponent} decimals, such as {example}")]
    Malformed { currency: Currency, exponent: u32, example: String },
    #[error("an amount in {0} cannot be added to one in {1}")]
    MixedCurrencies(Currency, Currency),
    #[error("the amount is too large")]
    TooLarge,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    /// Minor units: cents of EUR, yen of JPY, fils of KWD.
    pub minor: i64,
    pub currency: Currency,
}

/// No price or total is greater: keeps a thousand lines of it far from the edge of 64 bits.
pub const MAX_MINOR: i64 = 1_000_000_000_000;

impl Money {
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Reads a non-negative decimal such as `19.90`: digits, and no more decimals than the currency has.
    ///
    /// # Errors
    /// `Malformed` for a sign, an exponent, a comma, spaces or too many decimals; `TooLarge` over [`MAX_MINOR`].
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let exponent = currency.exponent() as usize;
        let malformed = || MoneyError::Malformed {
            currency,
            exponent: currency.exponent(),
            example: Self::new(1999 * currency.minor_per_major() / 100, currency).amount(),
        };
        let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let fraction_fits = fraction.is_none_or(|fraction| digits(fraction) && fraction.len() <= exponent);
        if !digits(whole) || !fraction_fits {
            return Err(malformed());
        }
        let fraction = fraction.unwrap_or_default();
        let padded = format!("{whole}{fraction}{}", "0".repeat(exponent - fraction.len()));
        let significant = padded.trim_start_matches('0');
        if significant.len() > 18 {
            return Err(MoneyError::TooLarge);
        }
        let minor = if significant.is_empty() { 0 } else { significant.parse().map_err(|_| malformed())? };
        if minor > MAX_MINOR { Err(MoneyError::TooLarge) } else { Ok(Self::new(minor, currency)) }
    }

    /// The decimal without its currency: `19.90`, `1200`, `-0.05`.
    pub fn amount(self) -> String {
        let exponent = self.currency.exponent() as usize;
        if exponent == 0 {
            return self.minor.to_string();
        }
        let sign = if self.minor < 0 { "-" } else { "" };
        let per_major = self.currency.minor_per_major().unsigned_abs();
        let minor = self.minor.unsigned_abs();
        format!("{sign}{}.{:0exponent$}", minor / per_major, minor % per_major)
    }

    /// For people to read: `1,234.50 EUR`, with a space that does not break.
    pub fn printed(self) -> String {
        let plain = self.amount();
        let (sign, digits) = plain.strip_prefix('-').map_or(("", plain.as_str()), |rest| ("-", rest));
        let (whole, fraction) = digits.find('.').map_or((digits, ""), |point| digits.split_at(point));
        let mut grouped = String::new();
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        format!("{sign}{grouped}{fraction}\u{a0}{}", self.currency)
    }

    pub fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// # Errors
    /// `MixedCurrencies`, `TooLarge`.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.minor.checked_add(other.minor).map(|minor| Self { minor, ..self }).ok_or(MoneyError::TooLarge)
    }

    /// # Errors
    /// `MixedCurrencies`, `TooLarge`.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.minor.checked_sub(other.minor).map(|minor| Self { minor, ..self }).ok_or(MoneyError::TooLarge)
    }

    /// # Errors
    /// `TooLarge`.
    pub fn times(self, quantity: u32) -> Result<Self, MoneyError> {
        self.minor.checked_mul(i64::from(quantity)).map(|minor| Self { minor, ..self }).ok_or(MoneyError::TooLarge)
    }

    /// The sum, in `currency` also when there is nothing to add.
    ///
    /// # Errors
    /// `MixedCurrencies`, `TooLarge`.
    pub fn sum(currency: Currency, parts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        parts.into_iter().try_fold(Self::zero(currency), Self::plus)
    }

    /// A share of the amount, rounded half away from zero to whole minor units.
    ///
    /// # Errors
    /// `TooLarge`.
    pub fn fraction(self, of: Decimal) -> Result<Self, MoneyError> {
        let exact = Decimal::from(self.minor).checked_mul(of).ok_or(MoneyError::TooLarge)?;
        let minor = exact.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).to_i64().ok_or(MoneyError::TooLarge)?;
        Ok(Self { minor, ..self })
    }

    /// Splits by weights so that the parts sum to the whole: each gets its share rounded down, and the minor units that
    /// are left go to the largest remainders, earlier parts first. Weights that are all zero split evenly.
    ///
    /// # Errors
    /// `TooLarge` when there is nothing to split into or a weight is negative.
    pub fn allocate(self, weights: &[i64]) -> Result<Vec<Self>, MoneyError> {
        if weights.is_empty() || weights.iter().any(|&weight| weight < 0) {
            return Err(MoneyError::TooLarge);
        }
        let even = vec![1; weights.len()];
        let weights = if weights.iter().all(|&weight| weight == 0) { &even } else { weights };
        let whole: i128 = weights.iter().map(|&weight| i128::from(weight)).sum();
        let minor = i128::from(self.minor);
        let mut parts: Vec<i128> = weights.iter().map(|&weight| (minor * i128::from(weight)).div_euclid(whole)).collect();
        let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
        by_remainder.sort_by_key(|&place| (-(minor * i128::from(weights[place])).rem_euclid(whole), place));
        let left = minor - parts.iter().sum::<i128>();
        for &place in by_remainder.iter().take(usize::try_from(left).unwrap_or(0)) {
            parts[place] += 1;
        }
        parts.into_iter().map(|part| i64::try_from(part).map(|minor| Self { minor, ..self }).map_err(|_| MoneyError::TooLarge)).collect()
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency { Ok(()) } else { Err(MoneyError::MixedCurrencies(self.currency, other.currency)) }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount(), self.currency)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    amount: String,
    currency: Currency,
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire { amount: self.amount(), currency: self.currency }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        Self::parse(&wire.amount, wire.currency).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    #[test]
    fn amounts_are_written_with_the_decimals_of_their_currency() {
        let cases = [("EUR", 1990, "19.90"), ("EUR", 5, "0.05"), ("EUR", -5, "-0.05"), ("JPY", 1200, "1200"), ("KWD", 1, "0.001")];
        for (code, minor, text) in cases {
            assert_eq!(Money::new(minor, currency(code)).amount(), text);
        }
        assert_eq!(serde_json::to_string(&Money::new(1990, currency("EUR"))).unwrap(), r#"{"amount":"19.90","currency":"EUR"}"#);
    }

    #[test]
    fn printed_amounts_read_as_on_a_bill() {
        for (minor, code, text) in [
            (1_990, "EUR", "19.90\u{a0}EUR"),
            (123_456_789, "USD", "1,234,567.89\u{a0}USD"),
            (1_200, "JPY", "1,200\u{a0}JPY"),
            (-5, "EUR", "-0.05\u{a0}EUR"),
        ] {
            assert_eq!(Money::new(minor, currency(code)).printed(), text);
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        let texts = ["", " 1", "-1", "+1", "1e3", "1,50", "NaN", "Infinity", ".5", "1.", "1.999", "0x10", "1_000", "١"];
        for text in texts {
            assert!(Money::parse(text, currency("EUR")).is_err(), "{text:?}");
        }
        assert!(Money::parse("1.0", currency("JPY")).is_err());
        assert_eq!(Money::parse("999999999999999999999", currency("EUR")), Err(MoneyError::TooLarge));
        for code in ["eur", "XXX", "XAU", "EURO", ""] {
            assert!(code.parse::<Currency>().is_err(), "{code:?}");
        }
    }

    #[test]
    fn currencies_do_not_mix() {
        assert!(Money::new(1, currency("EUR")).plus(Money::new(1, currency("USD"))).is_err());
    }

    proptest! {
        #[test]
        fn an_amount_survives_its_text(minor in 0..=MAX_MINOR, code in prop::sample::select(vec!["EUR", "JPY", "KWD"])) {
            let money = Money::new(minor, currency(code));
            prop_assert_eq!(Money::parse(&money.amount(), money.currency), Ok(money));
        }

        #[test]
        fn parts_sum_to_the_whole(minor in -MAX_MINOR..=MAX_MINOR, weights in prop::collection::vec(0..1_000_000_000_i64, 1..40)) {
            let whole = Money::new(minor, currency("EUR"));
            let parts = whole.allocate(&weights).unwrap();
            prop_assert_eq!(Money::sum(whole.currency, parts.iter().copied()), Ok(whole));
        }

        #[test]
        fn no_part_is_off_by_a_whole_unit(minor in 0..=MAX_MINOR, weights in prop::collection::vec(1..1_000_i64, 1..40)) {
            let total: i64 = weights.iter().sum();
            for (part, weight) in Money::new(minor, currency("EUR")).allocate(&weights).unwrap().iter().zip(&weights) {
                let exact = Decimal::from(minor) * Decimal::from(*weight) / Decimal::from(total);
                prop_assert!((Decimal::from(part.minor) - exact).abs() < Decimal::ONE);
            }
        }
    }
}
