//! What nobody came back for: payments whose answer was lost are looked up at the gateway, checkouts past their time give
//! back what they hold.

use sea_orm::{ConnectionTrait, Statement};
use tenancy::{PlatformTx, Tenant, TenantDb, TenantId, TenantTx};

use super::{
    Error, Status,
    checkouts::{lock, set_status},
    finalize::finalize,
    place_order::call_off,
};
use crate::{
    clock::Clock,
    ids::CheckoutId,
    inventory::reservations::{self, Ending},
    payments::{self, Gateways},
};

/// Checkouts past their time, or left in the middle of completing.
const DUE: &str = "((status = 'open' AND expires_at < now())
                 OR (status = 'completing' AND completing_at < now() - interval '60 seconds'))";

/// At most so many checkouts of a tenant are seen to in one run.
const AT_ONCE: u64 = 200;

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub placed: u32,
    pub expired: u32,
    /// Could not be resolved now; the next run tries again.
    pub left: u32,
}

/// The tenants that have something to sweep.
///
/// # Errors
/// Postgres is away.
pub async fn due_tenants(tx: &PlatformTx) -> Result<Vec<TenantId>, Error> {
    let sql = format!("SELECT DISTINCT tenant_id FROM checkouts WHERE status IN ('open', 'completing') AND {DUE}");
    let rows = tx.query_all_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
    Ok(rows.iter().map(|row| row.try_get("", "tenant_id")).collect::<Result<_, _>>()?)
}

/// Sees to what is due in one tenant.
///
/// # Errors
/// Postgres is away.
pub async fn sweep(db: &TenantDb, gateways: &Gateways, clock: &Clock, store: &Tenant) -> Result<Swept, Error> {
    let mut swept = Swept::default();
    for id in due(&db.begin().await?).await? {
        match resolve(db, gateways, clock, store, id).await {
            Ok(true) => swept.placed += 1,
            Ok(false) => swept.expired += 1,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "A checkout could not be swept");
                swept.left += 1;
            }
        }
    }
    Ok(swept)
}

async fn due(tx: &TenantTx) -> Result<Vec<CheckoutId>, Error> {
    let sql = format!("SELECT id FROM checkouts WHERE tenant_id = $1 AND status IN ('open', 'completing') AND {DUE} LIMIT {AT_ONCE}");
    let rows = tx.query_all_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, [tx.tenant().into()])).await?;
    Ok(rows.iter().map(|row| row.try_get("", "id")).collect::<Result<_, _>>()?)
}

/// Answers whether it became an order.
async fn resolve(db: &TenantDb, gateways: &Gateways, clock: &Clock, store: &Tenant, id: CheckoutId) -> Result<bool, Error> {
    let live = {
        let tx = db.begin().await?;
        payments::lock_of_checkout(&tx, id).await?.into_iter().find(|payment| payment.status.is_live())
    };
    if let Some(payment) = live {
        let answer = call_off(db, gateways, &payment).await?;
        match finalize(db, clock, store, &payment, &answer).await {
            Ok(_) => return Ok(true),
            Err(Error::Declined { .. } | Error::SoldOut) => {}
            Err(error) => return Err(error),
        }
    }
    let tx = db.begin().await?;
    let locked = lock(&tx, id).await?;
    if locked.checkout.status == Status::Open && locked.is_expired {
        reservations::release(&tx, clock, id, Ending::Expired).await?;
        set_status(&tx, clock, locked.checkout, Status::Expired).await?;
        tx.commit().await?;
    }
    Ok(false)
}
