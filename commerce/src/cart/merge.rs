//! One cart taken in by another. Pure.

use super::Error;
use super::content::{Cart, MAX_LINES, MAX_QUANTITY};
use crate::stores::settings::CartMerge;

/// How many of a variant that both carts hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantities {
    Sum,
    Own,
    Theirs,
    Greater,
}

impl Quantities {
    /// What a store's rule comes to for two carts.
    pub(super) fn by(rule: CartMerge, own: &Cart, theirs: &Cart) -> Self {
        match rule {
            CartMerge::Sum => Self::Sum,
            CartMerge::Newest if theirs.changed_at() >= own.changed_at() => Self::Theirs,
            CartMerge::Newest => Self::Own,
            CartMerge::KeepBoth => Self::Greater,
        }
    }

    fn of(self, own: u32, theirs: u32) -> u32 {
        let quantity = match self {
            Self::Sum => own.saturating_add(theirs),
            Self::Own => own,
            Self::Theirs => theirs,
            Self::Greater => own.max(theirs),
        };
        quantity.min(MAX_QUANTITY)
    }
}

/// Takes a guest's cart into a customer's, unless it was taken in before. Lines that only one holds stay; of a variant that both
/// hold there are as many as `quantities` says, at most [`MAX_QUANTITY`]. Details that the customer's cart lacks are taken from
/// the guest's, and its currency: the one that the shopper sees now.
///
/// # Errors
/// `TooManyLines`: the two do not fit into one. Nothing has changed then.
pub(super) fn merge(cart: &mut Cart, from: &Cart, quantities: Quantities) -> Result<(), Error> {
    if cart.has_taken_in(from.id) {
        return Ok(());
    }
    let mut lines = cart.lines.clone();
    for theirs in &from.lines {
        match lines.iter_mut().find(|line| line.variant_id == theirs.variant_id) {
            Some(line) => line.quantity = quantities.of(line.quantity, theirs.quantity),
            None => lines.push(theirs.clone()),
        }
    }
    if lines.len() > MAX_LINES {
        return Err(Error::TooManyLines);
    }
    if cart.currency != from.currency && !from.lines.is_empty() {
        cart.currency = from.currency;
        // What was shown was shown in another currency.
        for line in &mut lines {
            line.seen_price = None;
        }
    }
    cart.lines = lines;
    if cart.email.is_none() {
        cart.email.clone_from(&from.email);
    }
    if cart.shipping_address.is_none() {
        cart.shipping_address.clone_from(&from.shipping_address);
    }
    cart.remember(from.id);
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::*;
    use crate::cart::CartLine;
    use crate::ids::{self, CustomerId, VariantId};

    fn cart(lines: &[(VariantId, u32)], changed_at: DateTime<Utc>) -> Cart {
        let mut cart = Cart::empty(ids::secret(), "EUR".parse().unwrap(), changed_at);
        cart.lines = lines.iter().map(|&(variant, quantity)| CartLine::unseen(variant, quantity)).collect();
        cart
    }

    fn customers(lines: &[(VariantId, u32)], changed_at: DateTime<Utc>) -> Cart {
        cart(lines, changed_at).of(Some(CustomerId::new())).kept_since(changed_at)
    }

    #[test]
    fn each_rule_keeps_every_line_and_says_how_many() {
        let [both, own, theirs] = [VariantId::new(), VariantId::new(), VariantId::new()];
        let (then, later) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + TimeDelta::minutes(1));
        for (rule, guest_at, expected) in [
            (CartMerge::Sum, then, 7),
            (CartMerge::Newest, later, 2),
            (CartMerge::Newest, then - TimeDelta::minutes(1), 5),
            (CartMerge::KeepBoth, later, 5),
        ] {
            let mut cart = customers(&[(both, 5), (own, 1)], then);
            let guests = super::tests::cart(&[(theirs, 3), (both, 2)], guest_at);
            let quantities = Quantities::by(rule, &cart, &guests);
            merge(&mut cart, &guests, quantities).unwrap();
            let lines: Vec<_> = cart.lines.iter().map(|line| (line.variant_id, line.quantity)).collect();
            assert_eq!(lines, [(both, expected), (own, 1), (theirs, 3)], "{rule:?}");
        }
    }

    #[test]
    fn a_cart_is_taken_in_once_and_within_the_bounds() {
        let mug = VariantId::new();
        let mut cart = customers(&[(mug, MAX_QUANTITY - 1)], DateTime::UNIX_EPOCH);
        let guests = super::tests::cart(&[(mug, 5)], DateTime::UNIX_EPOCH);
        for _ in 0..3 {
            merge(&mut cart, &guests, Quantities::Sum).unwrap();
        }
        assert_eq!(cart.lines[0].quantity, MAX_QUANTITY);
        let mut cart = customers(&[(mug, 1)], DateTime::UNIX_EPOCH);
        for _ in 0..3 {
            merge(&mut cart, &guests, Quantities::Sum).unwrap();
        }
        assert_eq!(cart.lines[0].quantity, 6);
    }

    #[test]
    fn two_carts_that_do_not_fit_into_one_stay_as_they_are() {
        let many = |count| (0..count).map(|_| (VariantId::new(), 1)).collect::<Vec<_>>();
        let mut cart = customers(&many(150), DateTime::UNIX_EPOCH);
        let before = cart.clone();
        let guests = super::tests::cart(&many(51), DateTime::UNIX_EPOCH);
        assert!(matches!(merge(&mut cart, &guests, Quantities::Sum), Err(Error::TooManyLines)));
        assert_eq!(cart, before);
    }

    #[test]
    fn the_currency_is_the_one_that_the_shopper_sees() {
        let (own, theirs) = (VariantId::new(), VariantId::new());
        let mut cart = customers(&[(own, 1)], DateTime::UNIX_EPOCH);
        cart.lines[0].seen_price = Some(1990);
        let mut guests = super::tests::cart(&[(theirs, 1)], DateTime::UNIX_EPOCH);
        guests.currency = "USD".parse().unwrap();
        merge(&mut cart, &guests, Quantities::Sum).unwrap();
        assert_eq!((cart.currency.code(), cart.lines[0].seen_price), ("USD", None));
    }
}
