//! The cart that a signed-in customer fills: one at a time, until it is bought. Which one it is stands in the customer's row;
//! what it holds, where carts live.

use sea_orm::{FromQueryResult, Value};
use tenancy::{CustomerId, Tenant, TenantDb, TenantTx};

use super::Error;
use crate::{
    cart::{self, CartStore, PricedCart},
    checkout,
    clock::Clock,
    ids::{self, CartId},
    money::Currency,
    sql,
    stores::settings,
    text::Email,
};

/// How often a cart that is bought or deleted at this very moment is followed by another.
const ATTEMPTS: usize = 5;

#[derive(FromQueryResult)]
struct Row {
    cart_id: Option<CartId>,
    email: String,
    is_bought: bool,
}

/// The customer's current cart, priced; a new one when there is none, or when the last one was bought.
///
/// # Errors
/// `Busy`, `NotFound`, or those of carts.
pub async fn current_cart(db: &TenantDb, carts: &CartStore, store: &Tenant, of: CustomerId) -> Result<PricedCart, Error> {
    let carts = carts.seen_by(Some(of));
    let currency: Currency = store.currency.parse().map_err(cart::Error::from)?;
    for _ in 0..ATTEMPTS {
        let (id, email) = appoint(db, of, None).await?;
        if let Some(cart) = carts.open(db, id, (currency, email.clone())).await? {
            return Ok(cart);
        }
        // It was deleted: another takes its place.
        appoint(db, of, Some(id)).await?;
    }
    Err(Error::Busy)
}

/// Which cart is the current one. The first of several requests at once says so: one statement decides.
async fn appoint(db: &TenantDb, of: CustomerId, deleted: Option<CartId>) -> Result<(CartId, Email), Error> {
    for _ in 0..ATTEMPTS {
        let tx = db.begin().await?;
        let row = read(&tx, of).await?;
        let email = row.email.parse().map_err(|_| Error::NotFound(of))?;
        if let Some(id) = row.cart_id.filter(|id| !row.is_bought && Some(*id) != deleted) {
            return Ok((id, email));
        }
        let next = ids::secret::<CartId>();
        let text = "UPDATE customers SET cart_id = $4 WHERE tenant_id = $1 AND id = $2 AND cart_id IS NOT DISTINCT FROM $3";
        let values: [Value; 4] = [tx.tenant().into(), of.into(), row.cart_id.into(), next.into()];
        if sql::run(&tx, text, values).await? == 1 {
            tx.commit().await?;
            return Ok((next, email));
        }
    }
    Err(Error::Busy)
}

async fn read(tx: &TenantTx, of: CustomerId) -> Result<Row, Error> {
    let text = "SELECT c.cart_id, c.email, EXISTS (SELECT FROM checkouts k WHERE k.tenant_id = c.tenant_id AND k.cart_id = c.cart_id
                  AND k.status = 'completed') AS is_bought FROM customers c
                WHERE c.tenant_id = $1 AND c.id = $2 AND c.closed_at IS NULL";
    sql::one(tx, text, [tx.tenant().into(), of.into()]).await?.ok_or(Error::NotFound(of))
}

/// Which cart is the current one, if one was ever filled.
///
/// # Errors
/// `NotFound`.
pub async fn current_cart_of(tx: &TenantTx, of: CustomerId) -> Result<Option<CartId>, Error> {
    Ok(read(tx, of).await?.cart_id)
}

/// Merges a guest's cart into the customer's by the store's rule, and says whether it is there now. However often, and however
/// many at once bring the same cart, it counts once:
///
/// 1. The guest's cart is claimed: from here on it is this customer's, nobody else changes it, and another customer finds none.
/// 2. What is being bought is not merged; checkouts that wait of either cart are called off, for they show less than the cart
///    will hold.
/// 3. The customer's cart takes it in, and its name with it: the second time it is known.
/// 4. The guest's cart is put away.
///
/// A guest's cart that cannot be merged (somebody is paying for it, or the two do not fit into one) stays as it was.
///
/// # Errors
/// Those of carts; what was begun is finished by the next sign-in.
pub(super) async fn take_in(
    db: &TenantDb,
    carts: &CartStore,
    clock: &Clock,
    store: &Tenant,
    (of, guests): (CustomerId, CartId),
) -> Result<bool, Error> {
    let current = current_cart(db, carts, store, of).await?.cart;
    if current.id == guests {
        return Ok(true);
    }
    let carts = carts.seen_by(Some(of));
    let Some(claimed) = carts.claim(db, guests).await? else {
        // Somebody else's, or gone; or merged in the moment between.
        return Ok(current_cart(db, &carts, store, of).await?.cart.has_taken_in(guests));
    };
    if !current.has_taken_in(guests) {
        match set_free(db, clock, [guests, current.id]).await {
            Ok(()) => {}
            Err(checkout::Error::CartOrdered | checkout::Error::InProgress) => {
                carts.give_back(db, guests).await?;
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        }
        let rule = settings::find(&db.begin().await?).await?.cart_merge;
        match carts.take_in(db, current.id, claimed, rule).await {
            Ok(()) => {}
            Err(cart::Error::TooManyLines | cart::Error::TooLarge) => {
                carts.give_back(db, guests).await?;
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        }
    }
    carts.delete(db, guests).await?;
    Ok(true)
}

async fn set_free(db: &TenantDb, clock: &Clock, mut carts: [CartId; 2]) -> Result<(), checkout::Error> {
    carts.sort_unstable();
    let tx = db.begin().await?;
    for cart in carts {
        checkout::call_off_open(&tx, clock, cart).await?;
    }
    Ok(tx.commit().await?)
}
