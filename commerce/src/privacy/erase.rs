//! Forgetting a customer: carts first, which live outside Postgres, then everything else in one transaction. It may die between
//! the two, or be done again at any time: what is gone stays gone.

use sea_orm::Value;
use tenancy::{Actor, CustomerId, TenantDb, TenantTx};

use super::{CustomerErased, Erasure, Error, find_erasure, rules};
use crate::{
    cart::CartStore,
    checkout,
    clock::Clock,
    customers::{self, Customer},
    ids::{CartId, ErasureId},
    orders, outbox, sql,
};

/// Erases. What is being paid for at this moment stays until that has ended, and is found then ([`super::to_erase_again`]).
///
/// # Errors
/// `Away` of carts while Redis does not answer: a cart that it holds would stay.
pub async fn erase(db: &TenantDb, carts: &CartStore, clock: &Clock, id: ErasureId) -> Result<Erasure, Error> {
    let customer = find_erasure(&db.begin().await?, id).await?.customer_id;
    let emptied = empty_carts(db, carts, customer).await?;
    let tx = db.begin().await?;
    // None where a backup was restored in which there was no such customer yet.
    if let Some(found) = customers::lock_any(&tx, customer).await? {
        join_guest(&tx, &found, true).await?;
        let checkouts = checkout::forget_customer(&tx, clock, customer).await?;
        forget_answers(&tx, customer).await?;
        let days = rules::find(&tx).await?.order_contact_days;
        let orders = orders::forget_customer(&tx, customer).await?;
        while orders::forget_contacts(&tx, days, Some(customer)).await? > 0 {}
        let gone = customers::forget(&tx, clock, customer).await?;
        count(&tx, id, [orders, checkouts, emptied, gone.addresses, gone.audit_entries]).await?;
    }
    let done = "UPDATE erasures SET done_at = coalesce(done_at, $3), applied_at = $3 WHERE tenant_id = $1 AND id = $2 RETURNING id";
    let before = find_erasure(&tx, id).await?;
    sql::run(&tx, done, [tx.tenant().into(), id.into(), clock.now().into()]).await?;
    if before.done_at.is_none() {
        outbox::record(&tx, clock, &CustomerErased { customer, erasure: id }).await?;
    }
    let erasure = find_erasure(&tx, id).await?;
    tx.commit().await?;
    Ok(erasure)
}

/// Their own carts, those they bought by, and those that were copied from Redis. Answers how many there were.
async fn empty_carts(db: &TenantDb, carts: &CartStore, customer: CustomerId) -> Result<u64, Error> {
    let tx = db.begin().await?;
    let mut ids: Vec<CartId> = customers::carts_of(&tx, customer).await?;
    ids.extend(checkout::carts_of(&tx, customer).await?);
    ids.extend(orders::carts_of(&tx, customer).await?.into_iter().map(|order| order.cart_id));
    drop(tx);
    ids.sort_unstable();
    ids.dedup();
    let carts = carts.seen_by(Some(customer));
    let mut emptied = 0;
    for id in ids {
        emptied += u64::from(carts.forget(db, id).await?);
    }
    Ok(emptied)
}

/// What they ordered as a guest since they last signed in, or meant to, is theirs too; what they are about to order where `with_open` says so.
pub(super) async fn join_guest(tx: &TenantTx, customer: &Customer, with_open: bool) -> Result<(), Error> {
    if customer.email_verified_at.is_some() {
        orders::join(tx, customer.id, &customer.email).await?;
        checkout::join(tx, customer.id, &customer.email, with_open).await?;
    }
    Ok(())
}

/// Answers that are kept for repeated requests hold orders as they were.
async fn forget_answers(tx: &TenantTx, customer: CustomerId) -> Result<(), Error> {
    let orders: Vec<String> = orders::carts_of(tx, customer).await?.into_iter().map(|order| order.id.to_string()).collect();
    let text = "DELETE FROM idempotency_keys WHERE tenant_id = $1
                AND (principal = $2 OR substring(route FROM 'ord_[0-9a-z]{26}') = ANY ($3))";
    sql::run(tx, text, [tx.tenant().into(), Actor::Customer(customer).to_string().into(), orders.into()]).await?;
    Ok(())
}

/// Adds to the receipt what was found this time.
async fn count(tx: &TenantTx, id: ErasureId, [orders, checkouts, carts, addresses, audit_entries]: [u64; 5]) -> Result<(), Error> {
    let text = "UPDATE erasures SET orders = orders + $3, checkouts = checkouts + $4, carts = carts + $5, addresses = addresses + $6,
                  audit_entries = greatest(audit_entries, $7) WHERE tenant_id = $1 AND id = $2";
    let number = |found: u64| i64::try_from(found).unwrap_or(i64::MAX);
    let values: [Value; 7] = [
        tx.tenant().into(),
        id.into(),
        number(orders).into(),
        number(checkouts).into(),
        number(carts).into(),
        number(addresses).into(),
        number(audit_entries).into(),
    ];
    sql::run(tx, text, values).await?;
    Ok(())
}
