//! The edits of a cart. Pure: what they ask of prices is asked elsewhere.

use super::content::{Cart, CartLine, MAX_LINES, MAX_QUANTITY};
use super::merge::{Quantities, merge};
use super::{Error, PricedCart};
use crate::address::Address;
use crate::ids::{CartLineId, VariantId};
use crate::money::Currency;
use crate::text::Email;

#[derive(Clone, Debug)]
pub struct NewLine {
    pub variant_id: VariantId,
    /// 1 to [`MAX_QUANTITY`].
    pub quantity: u32,
}

/// What is known of the buyer. Outer `None` leaves a field, inner `None` clears it.
#[derive(Clone, Debug, Default)]
pub struct Details {
    pub email: Option<Option<Email>>,
    pub shipping_address: Option<Option<Address>>,
    /// May change only while the cart is empty.
    pub currency: Option<Currency>,
}

pub(super) enum Edit {
    /// `at` is where the lines stand in the request: `/lines` for a list, nothing for a single line.
    Add {
        lines: Vec<NewLine>,
        at: &'static str,
    },
    ChangeLine {
        line: CartLineId,
        quantity: u32,
    },
    RemoveLine(CartLineId),
    SetDetails(Box<Details>),
    /// Takes in another cart, once.
    Merge {
        from: Box<Cart>,
        quantities: Quantities,
    },
}

impl Edit {
    /// Changes the cart's content.
    ///
    /// # Errors
    /// A quantity or the number of lines leaves its bounds, a line is absent, or the currency may not change.
    pub(super) fn apply(&self, cart: &mut Cart) -> Result<(), Error> {
        match self {
            Self::Add { lines, .. } => {
                for (place, line) in lines.iter().enumerate() {
                    add(cart, line, || self.pointer(place, "quantity"))?;
                }
                if cart.lines.len() > MAX_LINES { Err(Error::TooManyLines) } else { Ok(()) }
            }
            Self::ChangeLine { line, quantity } => {
                let kept = cart.lines.iter_mut().find(|kept| kept.id == *line).ok_or(Error::LineNotFound(*line))?;
                kept.quantity = checked(*quantity, || "/quantity".into())?;
                kept.seen_price = None;
                Ok(())
            }
            Self::RemoveLine(line) => {
                let before = cart.lines.len();
                cart.lines.retain(|kept| kept.id != *line);
                if cart.lines.len() == before { Err(Error::LineNotFound(*line)) } else { Ok(()) }
            }
            Self::SetDetails(details) => set_details(cart, details),
            Self::Merge { from, quantities } => merge(cart, from, *quantities),
        }
    }

    /// What only the catalogue can refuse: adding what is not for sale.
    ///
    /// # Errors
    /// A variant that was asked for is absent, unpublished or without a price in the cart's currency.
    pub(super) fn check(&self, priced: &PricedCart) -> Result<(), Error> {
        let Self::Add { lines, .. } = self else { return Ok(()) };
        let is_for_sale = |line: &NewLine| priced.unavailable.iter().all(|unavailable| unavailable.variant_id != line.variant_id);
        match lines.iter().position(|line| !is_for_sale(line)) {
            Some(place) => Err(Error::NotForSale { pointer: self.pointer(place, "variant_id") }),
            None => Ok(()),
        }
    }

    fn pointer(&self, place: usize, field: &str) -> String {
        match self {
            Self::Add { at, .. } if !at.is_empty() => format!("{at}/{place}/{field}"),
            _ => format!("/{field}"),
        }
    }
}

/// A variant has one line: what is added to it merges.
fn add(cart: &mut Cart, new: &NewLine, pointer: impl FnOnce() -> String) -> Result<(), Error> {
    if let Some(line) = cart.lines.iter_mut().find(|line| line.variant_id == new.variant_id) {
        let asked = if new.quantity == 0 { 0 } else { line.quantity.saturating_add(new.quantity) };
        line.quantity = checked(asked, pointer)?;
        line.seen_price = None;
    } else {
        let quantity = checked(new.quantity, pointer)?;
        cart.lines.push(CartLine { id: CartLineId::new(), variant_id: new.variant_id, quantity, seen_price: None });
    }
    Ok(())
}

fn checked(quantity: u32, pointer: impl FnOnce() -> String) -> Result<u32, Error> {
    if (1..=MAX_QUANTITY).contains(&quantity) { Ok(quantity) } else { Err(Error::QuantityOutOfRange { pointer: pointer() }) }
}

fn set_details(cart: &mut Cart, details: &Details) -> Result<(), Error> {
    if let Some(currency) = details.currency
        && currency != cart.currency
    {
        if !cart.lines.is_empty() {
            return Err(Error::CurrencyFixed);
        }
        cart.currency = currency;
    }
    if let Some(email) = &details.email {
        cart.email.clone_from(email);
    }
    if let Some(address) = &details.shipping_address {
        cart.shipping_address.clone_from(address);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::ids;

    fn cart() -> Cart {
        Cart::empty(ids::secret(), "EUR".parse().unwrap(), DateTime::UNIX_EPOCH)
    }

    fn add_one(variant_id: VariantId, quantity: u32) -> Edit {
        Edit::Add { lines: vec![NewLine { variant_id, quantity }], at: "" }
    }

    #[test]
    fn the_same_variant_merges_into_one_line() {
        let (mut cart, variant) = (cart(), VariantId::new());
        for quantity in [1, 2, 3] {
            add_one(variant, quantity).apply(&mut cart).unwrap();
        }
        assert_eq!((cart.lines.len(), cart.lines[0].quantity), (1, 6));
    }

    #[test]
    fn quantities_keep_their_bounds_also_when_they_merge() {
        let (mut cart, variant) = (cart(), VariantId::new());
        assert!(add_one(variant, 0).apply(&mut cart).is_err());
        assert!(add_one(variant, MAX_QUANTITY + 1).apply(&mut cart).is_err());
        add_one(variant, MAX_QUANTITY).apply(&mut cart).unwrap();
        for more in [0, 1, u32::MAX] {
            assert!(matches!(add_one(variant, more).apply(&mut cart), Err(Error::QuantityOutOfRange { .. })), "{more}");
        }
        let line = cart.lines[0].id;
        assert!(Edit::ChangeLine { line, quantity: 0 }.apply(&mut cart).is_err());
    }

    #[test]
    fn a_fault_names_its_line() {
        let lines = [1, 0].map(|quantity| NewLine { variant_id: VariantId::new(), quantity }).to_vec();
        let Err(Error::QuantityOutOfRange { pointer }) = (Edit::Add { lines, at: "/lines" }).apply(&mut cart()) else { panic!("accepted") };
        assert_eq!(pointer, "/lines/1/quantity");
    }

    #[test]
    fn a_cart_has_room_for_two_hundred_lines() {
        let lines = |count| (0..count).map(|_| NewLine { variant_id: VariantId::new(), quantity: 1 }).collect();
        assert!(Edit::Add { lines: lines(MAX_LINES), at: "/lines" }.apply(&mut cart()).is_ok());
        assert!(matches!(Edit::Add { lines: lines(MAX_LINES + 1), at: "/lines" }.apply(&mut cart()), Err(Error::TooManyLines)));
    }

    #[test]
    fn the_currency_is_fixed_by_the_first_line() {
        let mut cart = cart();
        let to = |code: &str| Edit::SetDetails(Box::new(Details { currency: Some(code.parse().unwrap()), ..Details::default() }));
        to("USD").apply(&mut cart).unwrap();
        add_one(VariantId::new(), 1).apply(&mut cart).unwrap();
        to("USD").apply(&mut cart).unwrap();
        assert!(matches!(to("EUR").apply(&mut cart), Err(Error::CurrencyFixed)));
    }
}
