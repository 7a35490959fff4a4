//! Whom an order was for, and how that is forgotten: its money, lines and taxes stay as they are.

use sea_orm::{DbErr, FromQueryResult};
use tenancy::{CustomerId, TenantTx};

use crate::{
    ids::{CartId, OrderId},
    sql,
};

/// What stands where an order's e-mail stood. Nothing is mailed there.
pub const ERASED_EMAIL: &str = "erased@erased.invalid";

/// Orders of one bite, so that no lock is held for long.
pub const BITE: i64 = 500;

/// What taxes were for stays: country, region, and the beginning of the postcode.
macro_rules! place_of {
    ($address:literal) => {
        concat!(
            "CASE WHEN ",
            $address,
            " IS NOT NULL THEN jsonb_strip_nulls(jsonb_build_object('name', 'Erased', 'line1', 'Erased', ",
            "'city', 'Erased', 'country', ",
            $address,
            " -> 'country', 'region', ",
            $address,
            " -> 'region', ",
            "'postcode', left(",
            $address,
            " ->> 'postcode', 2))) END"
        )
    };
}

/// Takes e-mail and telephone out of all orders of a customer; names and addresses follow when their time has come
/// ([`forget_contacts`]): until then the law wants them on invoices, and parcels need them. Answers how many were changed.
///
/// # Errors
/// Postgres is away.
pub async fn forget_customer(tx: &TenantTx, customer: CustomerId) -> Result<u64, DbErr> {
    let text = "UPDATE orders SET email = $3, shipping_address = shipping_address - 'phone', billing_address = billing_address - 'phone',
                  version = version + 1
                WHERE tenant_id = $1 AND id = ANY (ARRAY(
                  SELECT id FROM orders WHERE tenant_id = $1 AND customer_id = $2
                    AND (email <> $3 OR shipping_address ? 'phone' OR billing_address ? 'phone') ORDER BY id FOR NO KEY UPDATE))";
    sql::run(tx, text, [tx.tenant().into(), customer.into(), ERASED_EMAIL.into()]).await
}

/// Takes e-mail, names, addresses, the numbers of parcels and what was said when they were cancelled out of orders that have ended and were placed more than so many days ago, of one customer or
/// of all: a bite of the oldest. Answers how many.
///
/// # Errors
/// Postgres is away.
pub async fn forget_contacts(tx: &TenantTx, days: i32, of: Option<CustomerId>) -> Result<u64, DbErr> {
    let text = concat!(
        "WITH forgotten AS (UPDATE orders SET email = $3, shipping_address = ",
        place_of!("shipping_address"),
        ", billing_address = ",
        place_of!("billing_address"),
        ", cancel_reason = CASE WHEN cancel_reason IS NOT NULL THEN 'Erased' END, contact_erased_at = now(), version = version + 1
         WHERE tenant_id = $1 AND id = ANY (ARRAY(
           SELECT id FROM orders WHERE tenant_id = $1 AND status <> 'placed' AND contact_erased_at IS NULL
             AND placed_at < now() - make_interval(days => $2) AND ($4::uuid IS NULL OR customer_id = $4)
           ORDER BY placed_at, id LIMIT $5 FOR NO KEY UPDATE)) RETURNING id),
         parcels AS (UPDATE fulfillments SET tracking_number = NULL, tracking_url = NULL
           WHERE tenant_id = $1 AND order_id IN (SELECT id FROM forgotten))
         SELECT id FROM forgotten"
    );
    sql::run(tx, text, [tx.tenant().into(), days.into(), ERASED_EMAIL.into(), of.into(), BITE.into()]).await
}

/// An order with the cart that it was.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub struct OfCart {
    pub id: OrderId,
    pub cart_id: CartId,
}

/// All orders of a customer with their carts.
///
/// # Errors
/// Postgres is away.
pub async fn carts_of(tx: &TenantTx, customer: CustomerId) -> Result<Vec<OfCart>, DbErr> {
    let text = "SELECT id, cart_id FROM orders WHERE tenant_id = $1 AND customer_id = $2 ORDER BY id";
    sql::all(tx, text, [tx.tenant().into(), customer.into()]).await
}
