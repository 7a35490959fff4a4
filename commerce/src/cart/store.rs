//! The operations on carts. Each answer is priced; no transaction is open while Redis is asked.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use redis::aio::ConnectionManager;
use tenancy::{TenantDb, TenantTx};

use super::content::{Cart, MAX_BYTES};
use super::edit::{Details, Edit, NewLine};
use super::keep::{Keep, Saved};
use super::price::{Found, price};
use super::{Error, PricedCart, copy};
use crate::clock::Clock;
use crate::ids::{self, CartId, CartLineId, CustomerId, VariantId};
use crate::money::Currency;

/// How long an answer of Redis is waited for before the copy is taken.
pub const REDIS_TIMEOUT: Duration = Duration::from_millis(50);

/// An edit made in the copy, while Redis is away, counts this much: when Redis is back with a value that had not been
/// copied yet, the later edits, made in the copy, win over it.
const AWAY_STEP: i64 = 1_000;
/// Edits of one cart at the same moment; each round one of them succeeds.
pub(super) const ATTEMPTS: u32 = 200;
/// A copy that is newer than what was read is met once, or twice when Redis comes back in between.
const NEWER_ROUNDS: usize = 4;

#[derive(Clone)]
pub struct CartStore {
    pub(super) keep: Keep,
    pub(super) clock: Clock,
    /// Who sees: their own carts, and those of guests.
    pub(super) customer: Option<CustomerId>,
}

#[derive(Clone, Debug)]
pub struct NewCart {
    pub currency: Currency,
    pub lines: Vec<NewLine>,
}

impl CartStore {
    /// Without `redis`, carts live in their copies alone.
    pub fn new(redis: Option<ConnectionManager>, clock: Clock) -> Self {
        Self::with_timeout(redis, clock, REDIS_TIMEOUT)
    }

    /// A store that waits longer, or shorter, than [`REDIS_TIMEOUT`].
    pub fn with_timeout(redis: Option<ConnectionManager>, clock: Clock, timeout: Duration) -> Self {
        Self { keep: Keep::new(redis, timeout), clock, customer: None }
    }

    /// The same carts as a customer sees them; a guest sees those of no customer.
    #[must_use]
    pub fn seen_by(&self, customer: Option<CustomerId>) -> Self {
        Self { customer, ..self.clone() }
    }

    /// Who sees, if it is a customer.
    pub fn customer(&self) -> Option<CustomerId> {
        self.customer
    }

    /// Makes a cart with lines, or an empty one.
    ///
    /// # Errors
    /// The store does not accept the currency, or a line cannot be added.
    pub async fn create(&self, db: &TenantDb, new: NewCart) -> Result<PricedCart, Error> {
        let empty = Cart::empty(ids::secret(), new.currency, self.clock.now()).of(self.customer);
        self.save_edit(db, empty, &Edit::Add { lines: new.lines, at: "/lines" }).await
    }

    /// The cart, priced.
    ///
    /// # Errors
    /// There is no such cart.
    pub async fn get(&self, db: &TenantDb, id: CartId) -> Result<PricedCart, Error> {
        let cart = self.find(db, id).await?;
        let priced = self.priced(&db.begin().await?, &cart, None).await?;
        if priced.cart.version > cart.version {
            self.restore(db, &priced.cart).await?;
        }
        Ok(priced)
    }

    /// The cart as it would be priced for an address in `country`.
    ///
    /// # Errors
    /// There is no such cart.
    pub async fn get_for(&self, db: &TenantDb, id: CartId, country: &str) -> Result<PricedCart, Error> {
        let cart = self.find(db, id).await?;
        self.priced(&db.begin().await?, &cart, Some(country)).await
    }

    /// Adds a quantity of a variant; one that is in the cart already gets more.
    ///
    /// # Errors
    /// There is no such cart, the variant is not for sale, or the cart or the quantity would leave its bounds.
    pub async fn add_line(&self, db: &TenantDb, id: CartId, line: NewLine) -> Result<PricedCart, Error> {
        self.edit(db, id, Edit::Add { lines: vec![line], at: "" }).await
    }

    /// Sets the quantity of a line.
    ///
    /// # Errors
    /// There is no such cart or line, or the quantity is not 1 to 10,000.
    pub async fn change_line(&self, db: &TenantDb, id: CartId, line: CartLineId, quantity: u32) -> Result<PricedCart, Error> {
        self.edit(db, id, Edit::ChangeLine { line, quantity }).await
    }

    /// # Errors
    /// There is no such cart or line.
    pub async fn remove_line(&self, db: &TenantDb, id: CartId, line: CartLineId) -> Result<PricedCart, Error> {
        self.edit(db, id, Edit::RemoveLine(line)).await
    }

    /// Sets what is known of the buyer, or the currency while the cart is empty.
    ///
    /// # Errors
    /// There is no such cart, a field is not valid, or the currency may not change.
    pub async fn set_details(&self, db: &TenantDb, id: CartId, mut details: Details) -> Result<PricedCart, Error> {
        if let Some(Some(address)) = details.shipping_address.take() {
            details.shipping_address = Some(Some(address.clean("/shipping_address").map_err(Error::Invalid)?));
        }
        self.edit(db, id, Edit::SetDetails(Box::new(details))).await
    }

    /// Deletes a cart and all it knows of its owner. Deleting it again is no error while it is remembered as deleted.
    ///
    /// # Errors
    /// There was never such a cart.
    pub async fn delete(&self, db: &TenantDb, id: CartId) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            let kept = self.keep.find(db.tenant(), id).await.ok().flatten();
            // The later of the two is what the tombstone must be later than.
            let copied = copy::find(&db.begin().await?, id).await?;
            let known = kept.as_ref().map_or(0, |cart| cart.version);
            let Some(latest) = kept.into_iter().chain(copied).max_by_key(|cart| cart.version) else { return Err(Error::NotFound) };
            if latest.is_deleted {
                return Ok(());
            }
            let latest = self.seen(latest)?;
            let tombstone = latest.tombstone(self.clock.now());
            if let Some(Saving::Done(_)) = self.save(db, &tombstone, known, latest.version).await? {
                return Ok(());
            }
        }
        Err(Error::Busy)
    }

    /// The cart as it is kept, not priced. It may be older than its copy, which [`CartStore::priced`] finds out.
    ///
    /// # Errors
    /// There is no such cart, or it is another customer's.
    pub async fn find(&self, db: &TenantDb, id: CartId) -> Result<Cart, Error> {
        self.stored(db, id).await?.ok_or(Error::NotFound).and_then(|cart| self.seen(cart))
    }

    /// Prices a cart, or the newer copy of it, in your transaction: what a checkout freezes. Shipping and tax are those of
    /// `country`, or of the cart's own address.
    ///
    /// # Errors
    /// The cart was deleted, or the store no longer accepts its currency.
    pub async fn priced(&self, tx: &TenantTx, cart: &Cart, country: Option<&str>) -> Result<PricedCart, Error> {
        let mut cart = cart.clone();
        for _ in 0..NEWER_ROUNDS {
            match price(tx, &cart, cart.version, country.or(cart.country())).await? {
                Found::Priced(priced) => return Ok(*priced),
                Found::Newer(newer) => cart = self.seen(*newer)?,
            }
        }
        Err(Error::Busy)
    }

    /// The cart as it is kept, whosever it is and whether deleted or not.
    pub(super) async fn stored(&self, db: &TenantDb, id: CartId) -> Result<Option<Cart>, Error> {
        let kept = self.keep.find(db.tenant(), id).await;
        if let Ok(Some(cart)) = kept {
            return Ok(Some(cart));
        }
        let copied = copy::find(&db.begin().await?, id).await?;
        match (kept, &copied) {
            (Ok(_), Some(copied)) => self.restore(db, copied).await?,
            // While Redis is away nobody knows whether a cart without a copy exists.
            (Err(_), None) => return Err(Error::Away),
            _ => {}
        }
        Ok(copied)
    }

    /// [`CartStore::stored`], or its copy where that is later, as after a while without Redis.
    pub(super) async fn latest(&self, db: &TenantDb, id: CartId) -> Result<Option<Cart>, Error> {
        let Some(stored) = self.stored(db, id).await? else { return Ok(None) };
        let copied = copy::find(&db.begin().await?, id).await?.filter(|copied| copied.version > stored.version);
        if let Some(later) = &copied {
            self.restore(db, later).await?;
        }
        Ok(Some(copied.unwrap_or(stored)))
    }

    /// The cart, if it is there for whoever sees.
    pub(super) fn seen(&self, cart: Cart) -> Result<Cart, Error> {
        let is_theirs = cart.customer.is_none_or(|own| self.customer == Some(own));
        if cart.is_deleted || !is_theirs { Err(Error::NotFound) } else { Ok(cart) }
    }

    async fn edit(&self, db: &TenantDb, id: CartId, edit: Edit) -> Result<PricedCart, Error> {
        let base = self.find(db, id).await?;
        self.save_edit(db, base, &edit).await
    }

    /// Applies an edit to a cart that was read, prices the result, and saves it unless another edit came first; then again
    /// from what that one left, without asking the catalogue again.
    pub(super) async fn save_edit(&self, db: &TenantDb, mut base: Cart, edit: &Edit) -> Result<PricedCart, Error> {
        let mut seen: Option<HashMap<VariantId, i64>> = None;
        for attempt in 0..ATTEMPTS {
            let mut cart = base.next(self.clock.now());
            edit.apply(&mut cart)?;
            let mut answer = None;
            if seen.is_none() {
                let country = cart.country().map(str::to_owned);
                let found = price(&db.begin().await?, &cart, base.version, country.as_deref()).await?;
                let priced = match found {
                    Found::Newer(newer) => {
                        self.restore(db, &newer).await?;
                        base = self.seen(*newer)?;
                        continue;
                    }
                    Found::Priced(priced) => priced,
                };
                edit.check(&priced)?;
                seen = Some(priced.lines.iter().map(|line| (line.variant_id, line.unit_price.minor)).collect());
                answer = Some(priced);
            }
            for line in cart.lines.iter_mut().filter(|line| line.seen_price.is_none()) {
                line.seen_price = seen.as_ref().and_then(|seen| seen.get(&line.variant_id).copied());
            }
            match self.save(db, &cart, base.version, base.version).await? {
                Some(Saving::Done(version)) => {
                    cart.version = version;
                    return match answer {
                        Some(priced) => Ok(PricedCart { cart, ..*priced }),
                        None => self.priced(&db.begin().await?, &cart, None).await,
                    };
                }
                Some(Saving::Conflict(left)) => base = self.seen(*left)?,
                None => {
                    base = self.find(db, base.id).await?;
                    // Redis may have kept less than the copy that has just won: ask again which is newer.
                    seen = None;
                }
            }
            tokio::time::sleep(pause(attempt)).await;
        }
        Err(Error::Busy)
    }

    /// Saves a cart where Redis has `kept`, or in its copy while Redis is away. `None`: another edit came first, and what it
    /// left must be read anew.
    pub(super) async fn save(&self, db: &TenantDb, cart: &Cart, kept: i64, latest: i64) -> Result<Option<Saving>, Error> {
        let json = json(cart)?;
        match self.keep.save(db.tenant(), cart, &json, kept, time_left(cart, self.clock.now())).await {
            Ok(Saved::Done) => Ok(Some(Saving::Done(cart.version))),
            Ok(Saved::Conflict(left)) => Ok(left.map(Saving::Conflict)),
            Err(_away) => {
                let cart = cart.clone().at(latest + AWAY_STEP);
                let tx = db.begin().await?;
                let is_saved = copy::save(&tx, &cart, latest).await?;
                tx.commit().await?;
                Ok(is_saved.then_some(Saving::Done(cart.version)))
            }
        }
    }

    async fn restore(&self, db: &TenantDb, cart: &Cart) -> Result<(), Error> {
        self.keep.restore(db.tenant(), cart, &json(cart)?, time_left(cart, self.clock.now())).await;
        Ok(())
    }
}

pub(super) enum Saving {
    /// Saved with this version.
    Done(i64),
    /// Another edit came first and left this.
    Conflict(Box<Cart>),
}

fn json(cart: &Cart) -> Result<String, Error> {
    let json = serde_json::to_string(cart).map_err(|error| sea_orm::DbErr::Json(error.to_string()))?;
    if json.len() > MAX_BYTES { Err(Error::TooLarge) } else { Ok(json) }
}

fn time_left(cart: &Cart, now: DateTime<Utc>) -> Duration {
    (cart.expires_at - now).to_std().unwrap_or_default().max(Duration::from_secs(1))
}

/// A short random pause, growing with the crowd.
pub(super) fn pause(attempt: u32) -> Duration {
    Duration::from_micros(rand::random_range(0..=500 * u64::from(attempt.min(20))))
}
