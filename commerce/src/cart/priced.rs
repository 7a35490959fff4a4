//! A cart as it stands today: what each line costs, what is wrong with it, and what is missing before it can be bought. Pure.

use super::Error;
use super::content::{Cart, CartLine};
use crate::ids::{CartLineId, ProductId, VariantId};
use crate::money::Money;
use crate::shipping::Quote;
use crate::tax::{self, RateTable, Taxable};

/// An available quantity is told up to here; above, a shopper learns only that it is too much.
const STOCK_TOLD_UP_TO: i64 = 10;

#[derive(Clone, Debug)]
pub struct PricedCart {
    /// The cart that was priced: a later version than the one asked for, where its copy was newer.
    pub cart: Cart,
    pub prices_include_tax: bool,
    /// What can be bought, in the order of the cart.
    pub lines: Vec<PricedLine>,
    /// What cannot: absent, unpublished, or without a price in the cart's currency.
    pub unavailable: Vec<CartLine>,
    pub warnings: Vec<Warning>,
    pub requirements: Vec<Requirement>,
    pub totals: Totals,
    /// For the country of the shipping address, in the store's order.
    pub shipping_options: Vec<Quote>,
    /// The tax rates of that country.
    pub rates: Option<RateTable>,
}

/// A line with everything that a checkout freezes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricedLine {
    pub id: CartLineId,
    pub variant_id: VariantId,
    pub product_id: ProductId,
    pub product_slug: String,
    pub product_title: String,
    pub variant_title: String,
    pub sku: Option<String>,
    pub image_url: Option<String>,
    pub quantity: u32,
    pub unit_price: Money,
    /// `unit_price × quantity`.
    pub subtotal: Money,
    /// Of one unit.
    pub weight_grams: i32,
    pub requires_shipping: bool,
    pub is_stock_tracked: bool,
    pub tax_class: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The price is no longer the one that was shown when the line was last touched.
    PriceChanged {
        line: CartLineId,
        from: Money,
        to: Money,
    },
    /// Fewer are left than the line asks for; how many, where they are few.
    StockShort {
        line: CartLineId,
        available: Option<u32>,
    },
    Unavailable {
        line: CartLineId,
    },
    /// The store does not ship these goods to the country of the address.
    NotShipped,
}

/// What must be known before the cart can be bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    Email,
    ShippingAddress,
    ShippingMethod,
}

/// The estimates are there when the country is known; a checkout computes the real ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    pub subtotal: Money,
    /// The cheapest way to the country of the address; zero where nothing is shipped.
    pub shipping_estimate: Option<Money>,
    pub tax_estimate: Option<Money>,
    /// Subtotal, and the estimates as far as they are known.
    pub total: Money,
}

/// What the database knows of one line of the cart.
pub(super) struct Offer {
    pub line: PricedLine,
    /// `None`: any quantity.
    pub available: Option<i64>,
}

/// What the database knows of the store.
pub(super) struct Terms {
    pub prices_include_tax: bool,
    /// `None` where the country is not known.
    pub rates: Option<RateTable>,
    pub quotes: Vec<Quote>,
}

/// Puts a cart and what is known of its lines, in the same order, together.
pub(super) fn assemble(cart: Cart, offers: Vec<Option<Offer>>, terms: Terms) -> Result<PricedCart, Error> {
    let (mut lines, mut unavailable, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    for (line, offer) in cart.lines.iter().zip(offers) {
        let Some(Offer { line: priced, available }) = offer else {
            warnings.push(Warning::Unavailable { line: line.id });
            unavailable.push(line.clone());
            continue;
        };
        if let Some(seen) = line.seen_price.filter(|&seen| seen != priced.unit_price.minor) {
            let from = Money { minor: seen, ..priced.unit_price };
            warnings.push(Warning::PriceChanged { line: line.id, from, to: priced.unit_price });
        }
        if let Some(available) = available.filter(|&available| available < i64::from(line.quantity)) {
            let told = u32::try_from(available.max(0)).ok().filter(|_| available <= STOCK_TOLD_UP_TO);
            warnings.push(Warning::StockShort { line: line.id, available: told });
        }
        lines.push(priced);
    }
    let needs_shipping = lines.iter().any(|line| line.requires_shipping);
    if needs_shipping && cart.shipping_address.is_some() && terms.quotes.is_empty() {
        warnings.push(Warning::NotShipped);
    }
    let totals = total(&cart, &lines, needs_shipping, &terms)?;
    let requirements = required(&cart, needs_shipping);
    let (prices_include_tax, shipping_options) = (terms.prices_include_tax, if needs_shipping { terms.quotes } else { Vec::new() });
    let rates = terms.rates;
    Ok(PricedCart { cart, prices_include_tax, lines, unavailable, warnings, requirements, totals, shipping_options, rates })
}

/// The weight of what is shipped.
pub(super) fn shipped_grams<'a>(lines: impl IntoIterator<Item = &'a PricedLine>) -> i64 {
    let shipped = lines.into_iter().filter(|line| line.requires_shipping);
    shipped.map(|line| i64::from(line.weight_grams) * i64::from(line.quantity)).sum()
}

fn required(cart: &Cart, needs_shipping: bool) -> Vec<Requirement> {
    let asked = [
        (cart.email.is_none(), Requirement::Email),
        (needs_shipping && cart.shipping_address.is_none(), Requirement::ShippingAddress),
        (needs_shipping, Requirement::ShippingMethod),
    ];
    asked.into_iter().filter_map(|(is_missing, requirement)| is_missing.then_some(requirement)).collect()
}

fn total(cart: &Cart, lines: &[PricedLine], needs_shipping: bool, terms: &Terms) -> Result<Totals, Error> {
    let subtotal = Money::sum(cart.currency, lines.iter().map(|line| line.subtotal))?;
    let cheapest = terms.quotes.iter().min_by_key(|quote| quote.amount.minor).filter(|_| needs_shipping);
    let shipping_estimate = match cheapest {
        Some(quote) => Some(quote.amount),
        None if needs_shipping || terms.rates.is_none() => None,
        None => Some(Money::zero(cart.currency)),
    };
    let tax_estimate = match &terms.rates {
        None => None,
        Some(rates) => {
            let goods = lines.iter().map(|line| Taxable { tax_class: line.tax_class.clone(), amount: line.subtotal });
            let shipping = cheapest.map(|quote| Taxable { tax_class: quote.tax_class.clone(), amount: quote.amount });
            let taxables: Vec<Taxable> = goods.chain(shipping).collect();
            Some(tax::total(&tax::calculate(&taxables, rates, terms.prices_include_tax), cart.currency)?)
        }
    };
    let added_tax = tax_estimate.filter(|_| !terms.prices_include_tax);
    let total = Money::sum(cart.currency, [Some(subtotal), shipping_estimate, added_tax].into_iter().flatten())?;
    Ok(Totals { subtotal, shipping_estimate, tax_estimate, total })
}
