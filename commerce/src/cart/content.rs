//! What a cart holds.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::ids::{CartId, CartLineId, CustomerId, VariantId};
use crate::money::Currency;
use crate::text::Email;

pub const MAX_LINES: usize = 200;
pub const MAX_QUANTITY: u32 = 10_000;
/// The cart as JSON, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;

/// A guest's cart is kept this long after its last change …
const KEPT_FOR: TimeDelta = TimeDelta::days(30);
/// … and a customer's this long.
const CUSTOMERS_KEPT_FOR: TimeDelta = TimeDelta::days(90);
/// Guests' carts that a customer's cart remembers to have taken in, the last ones.
const REMEMBERED: usize = 50;
/// A deleted cart is remembered this long, so that no older copy brings it back.
const DELETED_FOR: TimeDelta = TimeDelta::days(1);

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cart {
    // First: the scripts in `keep` read the version off the head of the JSON.
    pub(super) version: i64,
    pub id: CartId,
    pub currency: Currency,
    pub email: Option<Email>,
    pub shipping_address: Option<Address>,
    pub lines: Vec<CartLine>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_deleted: bool,
    /// Whose it is; none: whoever knows its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) customer: Option<CustomerId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    taken_in: Vec<CartId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLine {
    pub id: CartLineId,
    pub variant_id: VariantId,
    /// 1 to [`MAX_QUANTITY`].
    pub quantity: u32,
    /// Minor units; the price that was shown when the line was last touched.
    pub(super) seen_price: Option<i64>,
}

impl CartLine {
    /// A line whose price nobody has been shown.
    pub(super) fn unseen(variant_id: VariantId, quantity: u32) -> Self {
        Self { id: CartLineId::new(), variant_id, quantity, seen_price: None }
    }
}

impl Cart {
    pub(super) fn empty(id: CartId, currency: Currency, now: DateTime<Utc>) -> Self {
        Self {
            version: 0,
            id,
            currency,
            email: None,
            shipping_address: None,
            lines: Vec::new(),
            created_at: now,
            expires_at: now + KEPT_FOR,
            is_deleted: false,
            customer: None,
            taken_in: Vec::new(),
        }
    }

    /// The same cart as a customer's, or a guest's.
    pub(super) fn of(self, customer: Option<CustomerId>) -> Self {
        Self { customer, ..self }
    }

    /// Whether what that cart held is in this one: it was merged.
    pub fn has_taken_in(&self, cart: CartId) -> bool {
        self.taken_in.contains(&cart)
    }

    pub(super) fn remember(&mut self, cart: CartId) {
        let forgotten = (self.taken_in.len() + 1).saturating_sub(REMEMBERED);
        self.taken_in.drain(..forgotten);
        self.taken_in.push(cart);
    }

    /// When it was last changed.
    pub(super) fn changed_at(&self) -> DateTime<Utc> {
        self.expires_at - self.kept_for()
    }

    /// The same cart as if it had been changed then.
    pub(super) fn kept_since(self, changed_at: DateTime<Utc>) -> Self {
        Self { expires_at: changed_at + self.kept_for(), ..self }
    }

    /// The same cart under the version that it was saved with.
    pub(super) fn at(self, version: i64) -> Self {
        Self { version, ..self }
    }

    fn kept_for(&self) -> TimeDelta {
        if self.customer.is_some() { CUSTOMERS_KEPT_FOR } else { KEPT_FOR }
    }

    /// Counts edits: a cart of a greater version is a later one.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// The country that tax and shipping are estimated for.
    pub fn country(&self) -> Option<&str> {
        self.shipping_address.as_ref().map(|address| address.country.as_str())
    }

    /// The next version of the cart.
    pub(super) fn next(&self, now: DateTime<Utc>) -> Self {
        Self { version: self.version + 1, expires_at: now + self.kept_for(), ..self.clone() }
    }

    /// What stands in a deleted cart's place: its id and nothing personal.
    pub(super) fn tombstone(&self, now: DateTime<Utc>) -> Self {
        let empty = Self::empty(self.id, self.currency, now);
        Self { version: self.version + 1, expires_at: now + DELETED_FOR, is_deleted: true, ..empty }
    }
}

/// An id of a cart is its key, and an address is personal: neither shows itself in logs.
impl fmt::Debug for Cart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cart(version {}, {} lines)", self.version, self.lines.len())
    }
}
