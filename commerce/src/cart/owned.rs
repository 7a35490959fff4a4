//! Carts of customers, and guests' carts that become theirs. The store must be seen by a customer.

use tenancy::TenantDb;

use super::content::Cart;
use super::edit::{Details, Edit};
use super::merge::Quantities;
use super::store::{ATTEMPTS, CartStore, Saving, pause};
use super::{Error, PricedCart, copy};
use crate::ids::CartId;
use crate::money::Currency;
use crate::stores::settings::CartMerge;
use crate::text::Email;

impl CartStore {
    /// The customer's cart of this id, made when there is none; `None` when it was deleted.
    ///
    /// # Errors
    /// The store does not accept the currency; `NotFound` when it is another customer's.
    pub async fn open(&self, db: &TenantDb, id: CartId, (currency, email): (Currency, Email)) -> Result<Option<PricedCart>, Error> {
        match self.stored(db, id).await? {
            Some(cart) if cart.is_deleted => Ok(None),
            Some(_) => self.get(db, id).await.map(Some),
            None => {
                let empty = Cart::empty(id, currency, self.clock.now()).of(self.customer);
                let details = Details { email: Some(Some(email)), ..Details::default() };
                self.save_edit(db, empty, &Edit::SetDetails(Box::new(details))).await.map(Some)
            }
        }
    }

    /// Makes a guest's cart the customer's own, so that nobody else changes it. `None` when there is no such cart, or it is
    /// another customer's. Claiming again is no error.
    ///
    /// # Errors
    /// `Busy`, `Away`.
    pub async fn claim(&self, db: &TenantDb, id: CartId) -> Result<Option<Cart>, Error> {
        self.hand_over(db, id, |cart| cart.of(self.customer)).await
    }

    /// Undoes [`CartStore::claim`].
    ///
    /// # Errors
    /// `Busy`, `Away`.
    pub async fn give_back(&self, db: &TenantDb, id: CartId) -> Result<(), Error> {
        self.hand_over(db, id, |cart| cart.of(None)).await.map(|_| ())
    }

    /// Takes a claimed cart into the customer's, once.
    ///
    /// # Errors
    /// `TooManyLines`: the two do not fit into one; nothing has changed then.
    pub async fn take_in(&self, db: &TenantDb, id: CartId, from: Cart, rule: CartMerge) -> Result<(), Error> {
        let base = self.find(db, id).await?;
        let quantities = Quantities::by(rule, &base, &from);
        let merged = self.save_edit(db, base, &Edit::Merge { from: Box::new(from), quantities }).await?;
        // At once: what is put away next must not be all that a lost Redis leaves.
        copy_now(db, &merged.cart).await
    }

    /// Deletes a cart that is theirs or a guest's, in Redis and in its copy, so that neither tells whose it was; says whether it
    /// was there. Forgetting it again is no error.
    ///
    /// # Errors
    /// `Away` while Redis does not answer: it would still hold it. `Busy`.
    pub async fn forget(&self, db: &TenantDb, id: CartId) -> Result<bool, Error> {
        if self.keep.is_away(db.tenant(), id).await {
            return Err(Error::Away);
        }
        let was_there = self.latest(db, id).await?.is_some_and(|cart| self.seen(cart).is_ok());
        if was_there {
            self.delete(db, id).await?;
        }
        if let Some(tombstone) = self.latest(db, id).await?.filter(|cart| cart.is_deleted) {
            copy_now(db, &tombstone).await?;
        }
        Ok(was_there)
    }

    async fn hand_over(&self, db: &TenantDb, id: CartId, change: impl Fn(Cart) -> Cart) -> Result<Option<Cart>, Error> {
        for attempt in 0..ATTEMPTS {
            let Some(Ok(found)) = self.latest(db, id).await?.map(|cart| self.seen(cart)) else { return Ok(None) };
            let changed = change(found.next(self.clock.now()));
            if changed.customer == found.customer {
                return Ok(Some(found));
            }
            // What it was last changed at is what counts when quantities are chosen.
            let changed = changed.kept_since(found.changed_at());
            match self.save(db, &changed, found.version(), found.version()).await? {
                Some(Saving::Done(version)) => {
                    let changed = changed.at(version);
                    copy_now(db, &changed).await?;
                    return Ok(Some(changed));
                }
                // Another edit came first: look again.
                Some(Saving::Conflict(_)) | None => tokio::time::sleep(pause(attempt)).await,
            }
        }
        Err(Error::Busy)
    }
}

async fn copy_now(db: &TenantDb, cart: &Cart) -> Result<(), Error> {
    let tx = db.begin().await?;
    copy::save(&tx, cart, cart.version()).await?;
    Ok(tx.commit().await?)
}
