//! The store's rules, applied to what has grown old: a bite at a time.

use sea_orm::{ConnectionTrait, DbErr, Statement};
use tenancy::{PlatformTx, TenantId, TenantTx};

use super::{Error, exports, rules};
use crate::{checkout, orders};

/// Tenants that keep something for longer than their rules say. One look into an index for each kind.
///
/// # Errors
/// Postgres is away.
pub async fn due_tenants(tx: &PlatformTx) -> Result<Vec<TenantId>, DbErr> {
    let text = format!(
        "SELECT t.id FROM tenants t LEFT JOIN privacy_rules r ON r.tenant_id = t.id
         WHERE EXISTS (SELECT FROM orders o WHERE o.tenant_id = t.id AND o.status <> 'placed' AND o.contact_erased_at IS NULL
                       AND o.placed_at < now() - make_interval(days => coalesce(r.order_contact_days, {})))
            OR EXISTS (SELECT FROM checkouts c WHERE c.tenant_id = t.id AND c.status IN ('completed', 'expired', 'cancelled')
                       AND (c.email IS NOT NULL OR c.shipping_address IS NOT NULL OR c.billing_address IS NOT NULL)
                       AND c.updated_at < now() - make_interval(days => coalesce(r.closed_checkout_days, {})))
            OR EXISTS (SELECT FROM customer_exports x WHERE x.tenant_id = t.id AND x.expires_at <= now())
         ORDER BY t.id",
        rules::ORDER_CONTACT_DAYS,
        rules::CLOSED_CHECKOUT_DAYS
    );
    let rows = tx.query_all_raw(Statement::from_string(tx.get_database_backend(), text)).await?;
    rows.iter().map(|row| row.try_get("", "id")).collect()
}

/// Forgets a bite of each kind; says whether there may be more.
///
/// # Errors
/// Postgres is away.
pub async fn apply_rules(tx: &TenantTx) -> Result<bool, Error> {
    let rules = rules::find(tx).await?;
    let checkouts = checkout::forget_contacts(tx, rules.closed_checkout_days).await?;
    let orders = orders::forget_contacts(tx, rules.order_contact_days, None).await?;
    exports::prune(tx).await?;
    let whole = |bite: i64| u64::try_from(bite).unwrap_or_default();
    Ok(checkouts >= whole(checkout::CONTACTS_BITE) || orders >= whole(orders::CONTACTS_BITE))
}
