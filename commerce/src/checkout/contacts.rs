//! Whom a checkout was for, and how that is forgotten once nobody buys by it any more.

use sea_orm::{DbErr, FromQueryResult};
use tenancy::{CustomerId, TenantTx};

use super::{Error, open::call_off_open};
use crate::{clock::Clock, ids::CartId, sql};

/// Checkouts of one bite, so that no lock is held for long.
pub const BITE: i64 = 500;

#[derive(FromQueryResult)]
struct OfCart {
    cart_id: CartId,
}

/// Carts that a customer has gone to a checkout with, in the order of their ids.
///
/// # Errors
/// Postgres is away.
pub async fn carts_of(tx: &TenantTx, customer: CustomerId) -> Result<Vec<CartId>, DbErr> {
    let text = "SELECT DISTINCT cart_id FROM checkouts WHERE tenant_id = $1 AND customer_id = $2 ORDER BY cart_id";
    let rows: Vec<OfCart> = sql::all(tx, text, [tx.tenant().into(), customer.into()]).await?;
    Ok(rows.into_iter().map(|row| row.cart_id).collect())
}

/// Checkouts that were opened with a customer's proved address by who had not signed in are theirs too: those that have ended, and those
/// that are open where `with_open` says so, in which the guest cannot go on then.
///
/// # Errors
/// Postgres is away.
pub async fn join(tx: &TenantTx, customer: CustomerId, email: &str, with_open: bool) -> Result<u64, DbErr> {
    let text = "UPDATE checkouts SET customer_id = $2 WHERE tenant_id = $1 AND id = ANY (ARRAY(
                  SELECT id FROM checkouts WHERE tenant_id = $1 AND email = $3 AND customer_id IS NULL
                    AND ($4 OR status IN ('completed', 'expired', 'cancelled')) ORDER BY id FOR NO KEY UPDATE))";
    sql::run(tx, text, [tx.tenant().into(), customer.into(), email.into(), with_open.into()]).await
}

/// Calls off what a customer has open, and takes e-mail and addresses out of all that is not being paid for at this moment. Answers
/// how many were changed.
///
/// # Errors
/// Postgres is away.
pub async fn forget_customer(tx: &TenantTx, clock: &Clock, customer: CustomerId) -> Result<u64, Error> {
    for cart in carts_of(tx, customer).await? {
        match call_off_open(tx, clock, cart).await {
            Ok(()) | Err(Error::CartOrdered | Error::InProgress) => {}
            Err(error) => return Err(error),
        }
    }
    let text = "UPDATE checkouts SET email = NULL, shipping_address = NULL, billing_address = NULL
                WHERE tenant_id = $1 AND status IN ('completed', 'expired', 'cancelled') AND (customer_id = $2
                  OR id = ANY (ARRAY(SELECT checkout_id FROM orders WHERE tenant_id = $1 AND customer_id = $2)))
                  AND (email IS NOT NULL OR shipping_address IS NOT NULL OR billing_address IS NOT NULL)";
    Ok(sql::run(tx, text, [tx.tenant().into(), customer.into()]).await?)
}

/// Takes e-mail and addresses out of checkouts that ended more than so many days ago: a bite of the oldest. Answers how many.
///
/// # Errors
/// Postgres is away.
pub async fn forget_contacts(tx: &TenantTx, days: i32) -> Result<u64, DbErr> {
    let text = "UPDATE checkouts SET email = NULL, shipping_address = NULL, billing_address = NULL
                WHERE tenant_id = $1 AND id = ANY (ARRAY(
                  SELECT id FROM checkouts WHERE tenant_id = $1 AND status IN ('completed', 'expired', 'cancelled')
                    AND (email IS NOT NULL OR shipping_address IS NOT NULL OR billing_address IS NOT NULL)
                    AND updated_at < now() - make_interval(days => $2)
                  ORDER BY updated_at, id LIMIT $3 FOR NO KEY UPDATE))";
    sql::run(tx, text, [tx.tenant().into(), days.into(), BITE.into()]).await
}
