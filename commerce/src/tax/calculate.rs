//! The arithmetic of tax. Pure: amounts and rates in, tax lines out.

use std::collections::BTreeMap;

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use crate::money::{Currency, Money, MoneyError};

/// An amount that tax is asked for: a line of goods, or the shipping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taxable {
    pub tax_class: String,
    /// Gross where prices include tax, net where they do not.
    pub amount: Money,
}

/// A rate as it stands in a table: the name is what a receipt shows ("VAT 19%").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    pub tax_class: String,
    pub name: String,
    /// 0 to 100.
    pub percent: Decimal,
}

/// The rates of one country, by class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateTable {
    country: String,
    rates: BTreeMap<String, Rate>,
}

impl RateTable {
    pub fn new(country: impl Into<String>, rates: impl IntoIterator<Item = Rate>) -> Self {
        let rates = rates.into_iter().map(|rate| (rate.tax_class.clone(), rate)).collect();
        Self { country: country.into(), rates }
    }

    pub fn country(&self) -> &str {
        &self.country
    }
}

/// Why a tax line reads as it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A rate above zero was applied.
    Rate,
    /// The store's rate for this country and class is zero.
    ZeroRated,
    /// The store has no rate for this country and class.
    NoRate,
}

impl Reason {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::ZeroRated => "zero_rated",
            Self::NoRate => "no_rate",
        }
    }
}

/// The tax on one taxable amount. Where prices include tax, `taxable + amount` is the gross amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxLine {
    pub name: String,
    pub country: String,
    pub tax_class: String,
    pub percent: Decimal,
    /// The net base of the tax.
    pub taxable: Money,
    pub amount: Money,
    pub reason: Reason,
}

/// The tax on each of `lines`, in the same order: one tax line for each, also where there is nothing to pay.
pub fn calculate(lines: &[Taxable], rates: &RateTable, prices_include_tax: bool) -> Vec<TaxLine> {
    lines.iter().map(|line| tax_line(line, rates, prices_include_tax)).collect()
}

/// What tax lines come to together.
///
/// # Errors
/// The sum leaves the range of money, or the lines are of several currencies.
pub fn total(lines: &[TaxLine], currency: Currency) -> Result<Money, MoneyError> {
    Money::sum(currency, lines.iter().map(|line| line.amount))
}

fn tax_line(line: &Taxable, rates: &RateTable, is_included: bool) -> TaxLine {
    let (name, percent, reason) = match rates.rates.get(&line.tax_class) {
        None => ("No tax", Decimal::ZERO, Reason::NoRate),
        Some(rate) if rate.percent.is_zero() => (rate.name.as_str(), rate.percent, Reason::ZeroRated),
        Some(rate) => (rate.name.as_str(), rate.percent, Reason::Rate),
    };
    let Money { minor, currency } = line.amount;
    let tax = if is_included { tax_inside(minor, percent) } else { tax_on(minor, percent) };
    TaxLine {
        name: name.to_owned(),
        country: rates.country.clone(),
        tax_class: line.tax_class.clone(),
        percent,
        taxable: Money { minor: if is_included { minor - tax } else { minor }, currency },
        amount: Money { minor: tax, currency },
        reason,
    }
}

/// `net × r`.
fn tax_on(net: i64, percent: Decimal) -> i64 {
    rounded(Decimal::from(net).checked_mul(percent).and_then(|product| product.checked_div(Decimal::ONE_HUNDRED)))
}

/// `gross − gross / (1 + r)`, as `gross × p / (100 + p)` so that it is divided, and rounded, once.
fn tax_inside(gross: i64, percent: Decimal) -> i64 {
    let whole = Decimal::ONE_HUNDRED.checked_add(percent);
    rounded(Decimal::from(gross).checked_mul(percent).zip(whole).and_then(|(product, whole)| product.checked_div(whole)))
}

fn rounded(tax: Option<Decimal>) -> i64 {
    tax.and_then(|tax| tax.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).to_i64())
        .expect("a rate of at most 100 % keeps a tax within its amount")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::dec;

    use super::*;

    fn table(percent: Decimal) -> RateTable {
        RateTable::new("DE", [Rate { tax_class: "standard".into(), name: "VAT".into(), percent }])
    }

    fn tax(amount: &str, currency: &str, percent: Decimal, is_included: bool) -> (String, String) {
        let amount = Money::parse(amount, currency.parse().unwrap()).unwrap();
        let lines = calculate(&[Taxable { tax_class: "standard".into(), amount }], &table(percent), is_included);
        (lines[0].taxable.amount(), lines[0].amount.amount())
    }

    #[test]
    fn known_receipts_come_out_as_printed() {
        let cases = [
            ("119.00", "EUR", dec!(19), true, "100.00", "19.00"),
            ("19.90", "EUR", dec!(19), true, "16.72", "3.18"),
            ("19.90", "EUR", dec!(19), false, "19.90", "3.78"),
            ("0.10", "EUR", dec!(25), false, "0.10", "0.03"), // 0.025 rounds away from zero
            ("0.50", "EUR", dec!(5), false, "0.50", "0.03"),
            ("1100", "JPY", dec!(10), true, "1000", "100"),
            ("105", "JPY", dec!(10), false, "105", "11"),
            ("1.050", "KWD", dec!(5), true, "1.000", "0.050"),
            ("100.00", "USD", dec!(8.875), false, "100.00", "8.88"),
            ("0.00", "EUR", dec!(19), true, "0.00", "0.00"),
            ("10.00", "EUR", dec!(100), true, "5.00", "5.00"),
        ];
        for (amount, currency, percent, is_included, taxable, due) in cases {
            let found = tax(amount, currency, percent, is_included);
            assert_eq!(found, (taxable.to_owned(), due.to_owned()), "{amount} {currency} at {percent} %, included: {is_included}");
        }
    }

    #[test]
    fn every_line_says_why() {
        let rates = RateTable::new(
            "DE",
            [
                Rate { tax_class: "standard".into(), name: "VAT".into(), percent: dec!(19) },
                Rate { tax_class: "books".into(), name: "Books".into(), percent: dec!(0.0000) },
            ],
        );
        let amount = Money::parse("10.00", "EUR".parse().unwrap()).unwrap();
        let lines = ["books", "standard", "food"].map(|class| Taxable { tax_class: class.into(), amount });
        let reasons: Vec<_> = calculate(&lines, &rates, false).into_iter().map(|line| line.reason).collect();
        assert_eq!(reasons, [Reason::ZeroRated, Reason::Rate, Reason::NoRate]);
    }

    #[test]
    fn the_largest_amount_is_taxed_without_overflow() {
        let currency = "EUR".parse().unwrap();
        let line = Taxable { tax_class: "standard".into(), amount: Money { minor: i64::MAX, currency } };
        assert_eq!(calculate(std::slice::from_ref(&line), &table(dec!(100)), false)[0].amount.minor, i64::MAX);
        assert_eq!(calculate(&[line], &table(dec!(99.9999)), true)[0].taxable.minor, 4_611_688_324_271_550_039);
    }

    proptest! {
        /// A gross price is its net base and its tax, the tax is never more than the price, and never less than nothing.
        #[test]
        fn included_tax_and_base_are_the_price(
            minors in prop::collection::vec(0_i64..=1_000_000_000_000, 1..20),
            ten_thousandths in 0_i64..=1_000_000,
            code in prop::sample::select(vec!["JPY", "EUR", "KWD"]),
        ) {
            let currency: Currency = code.parse().unwrap();
            let lines: Vec<_> = minors.iter().map(|&minor| Taxable { tax_class: "standard".into(), amount: Money { minor, currency } }).collect();
            let taxes = calculate(&lines, &table(Decimal::new(ten_thousandths, 4)), true);
            prop_assert_eq!(taxes.len(), lines.len());
            for (line, tax) in lines.iter().zip(&taxes) {
                prop_assert_eq!(tax.taxable.minor + tax.amount.minor, line.amount.minor);
                prop_assert!((0..=line.amount.minor).contains(&tax.amount.minor));
            }
            let whole: i64 = minors.iter().sum();
            prop_assert_eq!(taxes.iter().map(|tax| tax.taxable.minor).sum::<i64>() + total(&taxes, currency).unwrap().minor, whole);
        }

        /// The tax on a net price is within half a minor unit of the exact figure, computed here in integers.
        #[test]
        fn added_tax_is_the_exact_figure_rounded(net in 0_i64..=1_000_000_000_000, ten_thousandths in 0_i64..=1_000_000) {
            let exact = i128::from(net) * i128::from(ten_thousandths);
            let tax = i128::from(tax_on(net, Decimal::new(ten_thousandths, 4)));
            prop_assert_eq!(tax, (2 * exact + 1_000_000) / 2_000_000);
        }

        /// Gross and net agree: tax added to a net price, then looked for inside the gross one, is found again to a minor unit.
        #[test]
        fn there_and_back(net in 0_i64..=1_000_000_000, ten_thousandths in 0_i64..=1_000_000) {
            let percent = Decimal::new(ten_thousandths, 4);
            let tax = tax_on(net, percent);
            prop_assert!((tax_inside(net + tax, percent) - tax).abs() <= 1);
        }
    }
}
