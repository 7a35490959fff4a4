//! What a checkout comes to. Pure: priced lines, a shipping quote and tax rates in, totals and tax lines out.

use super::Error;
use crate::{
    cart::PricedLine,
    ids::ShippingMethodId,
    money::{Currency, Money},
    shipping::Quote,
    tax::{self, RateTable, TaxLine, Taxable},
};

/// A checkout's money, line by line. Without a country there is no tax yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pricing {
    pub lines: Vec<PricedLine>,
    /// One for each line, in their order; none as long as the country is unknown.
    pub line_taxes: Vec<TaxLine>,
    pub shipping: Option<Quote>,
    pub shipping_tax: Option<TaxLine>,
    pub prices_include_tax: bool,
    pub subtotal: Money,
    pub shipping_total: Money,
    pub tax_total: Money,
    pub total: Money,
}

/// What prices are made of, besides the lines.
pub struct Terms<'a> {
    pub currency: Currency,
    pub prices_include_tax: bool,
    pub rates: Option<&'a RateTable>,
    pub options: &'a [Quote],
    pub method: Option<ShippingMethodId>,
}

/// Puts a checkout's money together. Tax is rounded once a line; totals are sums of what is shown.
///
/// # Errors
/// `ShippingMethodUnavailable` when the chosen method is not among the options; an amount leaves the range of money.
pub fn price(lines: Vec<PricedLine>, terms: &Terms<'_>) -> Result<Pricing, Error> {
    let is_shipped = lines.iter().any(|line| line.requires_shipping);
    let shipping = match terms.method.filter(|_| is_shipped) {
        None => None,
        Some(method) => {
            let quote = terms.options.iter().find(|quote| quote.method_id == method);
            Some(quote.cloned().ok_or(Error::ShippingMethodUnavailable)?)
        }
    };
    let tax_of =
        |taxables: &[Taxable]| terms.rates.map(|rates| tax::calculate(taxables, rates, terms.prices_include_tax)).unwrap_or_default();
    let goods: Vec<Taxable> = lines.iter().map(|line| Taxable { tax_class: line.tax_class.clone(), amount: line.subtotal }).collect();
    let line_taxes = tax_of(&goods);
    let sent: Vec<Taxable> = shipping.iter().map(|quote| Taxable { tax_class: quote.tax_class.clone(), amount: quote.amount }).collect();
    let shipping_tax = tax_of(&sent).pop();
    let zero = Money::zero(terms.currency);
    let subtotal = Money::sum(terms.currency, lines.iter().map(|line| line.subtotal))?;
    let shipping_total = shipping.as_ref().map_or(zero, |quote| quote.amount);
    let tax_total = Money::sum(terms.currency, line_taxes.iter().chain(&shipping_tax).map(|line| line.amount))?;
    let added = if terms.prices_include_tax { zero } else { tax_total };
    let total = subtotal.plus(shipping_total)?.plus(added)?;
    let prices_include_tax = terms.prices_include_tax;
    Ok(Pricing { lines, line_taxes, shipping, shipping_tax, prices_include_tax, subtotal, shipping_total, tax_total, total })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    use super::*;
    use crate::{
        ids::{CartLineId, ProductId, VariantId},
        tax::Rate,
    };

    fn line(unit_price: Money, quantity: u32, tax_class: &str) -> PricedLine {
        PricedLine {
            id: CartLineId::new(),
            variant_id: VariantId::new(),
            product_id: ProductId::new(),
            product_slug: "mug".into(),
            product_title: "Mug".into(),
            variant_title: "Blue".into(),
            sku: None,
            image_url: None,
            quantity,
            unit_price,
            subtotal: unit_price.times(quantity).unwrap(),
            weight_grams: 100,
            requires_shipping: true,
            is_stock_tracked: true,
            tax_class: tax_class.into(),
        }
    }

    proptest! {
        #[test]
        fn the_parts_always_add_up_to_the_whole(
            goods in prop::collection::vec((0..10_000_000_i64, 1..500_u32, 0..3_usize), 1..40),
            fee in 0..100_000_i64,
            percents in prop::array::uniform2(0..1_000_000_i64),
            prices_include_tax: bool,
            code in prop::sample::select(vec!["EUR", "JPY", "KWD"]),
        ) {
            let currency: Currency = code.parse().unwrap();
            let classes = ["standard", "reduced", "unknown"];
            let lines = goods.iter().map(|&(price, quantity, class)| line(Money::new(price, currency), quantity, classes[class])).collect();
            let rate = |class: &str, percent: i64| Rate { tax_class: class.into(), name: class.into(), percent: Decimal::new(percent, 4) };
            let rates = RateTable::new("DE", [rate("standard", percents[0]), rate("reduced", percents[1])]);
            let method = ShippingMethodId::new();
            let quote = Quote { method_id: method, name: "Post".into(), amount: Money::new(fee, currency), tax_class: "standard".into() };
            let terms = Terms { currency, prices_include_tax, rates: Some(&rates), options: &[quote], method: Some(method) };
            let pricing = price(lines, &terms).unwrap();

            let lines: i64 = pricing.lines.iter().map(|line| line.unit_price.minor * i64::from(line.quantity)).sum();
            let taxes: i64 = pricing.line_taxes.iter().chain(&pricing.shipping_tax).map(|tax| tax.amount.minor).sum();
            prop_assert_eq!(pricing.subtotal.minor, lines);
            prop_assert_eq!(pricing.tax_total.minor, taxes);
            let added = if prices_include_tax { 0 } else { taxes };
            prop_assert_eq!(pricing.total.minor, lines + fee + added);
            prop_assert!(taxes >= 0 && taxes <= lines + fee);
        }
    }

    #[test]
    fn a_method_that_does_not_ship_there_is_refused() {
        let currency: Currency = "EUR".parse().unwrap();
        let terms = Terms { currency, prices_include_tax: true, rates: None, options: &[], method: Some(ShippingMethodId::new()) };
        let lines = vec![line(Money::new(100, currency), 1, "standard")];
        assert!(matches!(price(lines, &terms), Err(Error::ShippingMethodUnavailable)));
    }

    #[test]
    fn without_a_country_there_is_no_tax_yet() {
        let currency: Currency = "USD".parse().unwrap();
        let terms = Terms { currency, prices_include_tax: false, rates: None, options: &[], method: None };
        let pricing = price(vec![line(Money::new(1000, currency), 2, "standard")], &terms).unwrap();
        assert_eq!((pricing.total.minor, pricing.tax_total.minor), (2000, 0));
    }
}
