//! The end of a customer: closed at once, forgotten by a job that follows.

use sea_orm::{DbErr, FromQueryResult};
use tenancy::{CustomerId, TenantTx};
use uuid::Uuid;

use super::{Error, sessions};
use crate::{clock::Clock, ids::CartId, sql};

/// What stands where an address stood. Nothing is mailed there: no mail system has the domain (RFC 2606).
pub const ERASED_DOMAIN: &str = "erased.invalid";
/// What stands where a name stood.
pub const ERASED_NAME: &str = "Erased";

/// What was taken out of a customer's account.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forgotten {
    pub addresses: u64,
    pub audit_entries: u64,
}

/// Closes an account: from here on nobody signs in or changes it, and all its sessions and codes have ended. Answers which sessions
/// were ended. Closing it again is no error.
///
/// # Errors
/// `NotFound`.
pub async fn close(tx: &TenantTx, clock: &Clock, id: CustomerId) -> Result<Vec<Uuid>, Error> {
    let text = "UPDATE customers SET closed_at = coalesce(closed_at, $3), version = version + 1, updated_at = $3
                WHERE tenant_id = $1 AND id = $2";
    if sql::run(tx, text, [tx.tenant().into(), id.into(), clock.now().into()]).await? == 0 {
        return Err(Error::NotFound(id));
    }
    sql::run(tx, "DELETE FROM customer_codes WHERE tenant_id = $1 AND customer_id = $2", [tx.tenant().into(), id.into()]).await?;
    sessions::end_all(tx, id).await
}

/// Takes everything personal out of an account. The row stays, without a person, for what the store has sold. The caller holds the
/// lock on it. Done again it changes nothing.
///
/// # Errors
/// Postgres is away.
pub async fn forget(tx: &TenantTx, clock: &Clock, id: CustomerId) -> Result<Forgotten, DbErr> {
    let tenant = tx.tenant();
    let addresses = sql::run(tx, "DELETE FROM customer_addresses WHERE tenant_id = $1 AND customer_id = $2", [tenant.into(), id.into()]);
    let addresses = addresses.await?;
    // Also the flows in which a provider has named them and nobody has signed in yet.
    let text = "DELETE FROM customer_oauth_flows f WHERE f.tenant_id = $1 AND (f.linked_to = $2
                  OR (f.issuer, f.subject) IN (SELECT i.issuer, i.subject FROM customer_identities i WHERE i.tenant_id = $1 AND i.customer_id = $2)
                  OR f.email = (SELECT c.email FROM customers c WHERE c.tenant_id = $1 AND c.id = $2))";
    sql::run(tx, text, [tenant.into(), id.into()]).await?;
    for table in ["customer_codes", "customer_refresh_tokens", "customer_exports", "customer_identities"] {
        let text = format!("DELETE FROM {table} WHERE tenant_id = $1 AND customer_id = $2");
        sql::run(tx, &text, [tenant.into(), id.into()]).await?;
    }
    // No hash: nothing fits it, and nobody looks for it any more.
    let text = "UPDATE customers SET email = $3, name = $4, password_hash = '', email_verified_at = NULL, accepts_marketing = false,
                  marketing_decided_at = NULL, note = NULL, cart_id = NULL, closed_at = coalesce(closed_at, $5),
                  erased_at = coalesce(erased_at, $5), version = version + 1, updated_at = $5
                WHERE tenant_id = $1 AND id = $2";
    let email = format!("{id}@{ERASED_DOMAIN}");
    sql::run(tx, text, [tenant.into(), id.into(), email.into(), ERASED_NAME.into(), clock.now().into()]).await?;
    let audit_entries = strike_out(tx, id).await?;
    Ok(Forgotten { addresses, audit_entries })
}

/// What the store's audit log tells of the customer; the database lets nothing else of it be changed (`strike_out_audit`).
async fn strike_out(tx: &TenantTx, id: CustomerId) -> Result<u64, DbErr> {
    let text = "UPDATE audit_entries SET changes = changes WHERE tenant_id = $1 AND (
                  (resource = 'customer' AND resource_id = $2)
                  OR (resource = 'order' AND resource_id = ANY (ARRAY(SELECT id FROM orders WHERE tenant_id = $1 AND customer_id = $2)))
                  OR (resource = 'fulfillment' AND resource_id = ANY (ARRAY(
                    SELECT f.id FROM fulfillments f JOIN orders o ON o.tenant_id = f.tenant_id AND o.id = f.order_id
                    WHERE f.tenant_id = $1 AND o.customer_id = $2))))";
    sql::run(tx, text, [tx.tenant().into(), id.into()]).await
}

#[derive(FromQueryResult)]
struct OfCart {
    cart_id: CartId,
}

/// The customer's current cart, and all others of theirs whose copies are kept.
///
/// # Errors
/// Postgres is away.
pub async fn carts_of(tx: &TenantTx, id: CustomerId) -> Result<Vec<CartId>, DbErr> {
    let text = "SELECT cart_id FROM customers WHERE tenant_id = $1 AND id = $2 AND cart_id IS NOT NULL
                UNION SELECT id FROM carts WHERE tenant_id = $1 AND body ->> 'customer' = $3";
    let rows: Vec<OfCart> = sql::all(tx, text, [tx.tenant().into(), id.into(), id.to_string().into()]).await?;
    Ok(rows.into_iter().map(|row| row.cart_id).collect())
}
