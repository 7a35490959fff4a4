//! How long a store keeps what names people.

use sea_orm::{FromQueryResult, Value};
use tenancy::TenantTx;

use super::Error;
use crate::{clock::Clock, sql};

/// Ten years, as long as the longest of the usual duties to keep invoices.
pub const ORDER_CONTACT_DAYS: i32 = 3650;
pub const CLOSED_CHECKOUT_DAYS: i32 = 90;
pub const EXPORT_DAYS: i32 = 7;

#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Rules {
    /// Names and addresses on orders that have ended, from when they were placed.
    pub order_contact_days: i32,
    /// E-mails and addresses of checkouts that ended.
    pub closed_checkout_days: i32,
    /// Copies that customers asked for.
    pub export_days: i32,
    pub version: i64,
}

/// What may change. Absent leaves; the bounds are the table's own.
#[derive(Clone, Copy, Debug, Default)]
pub struct RulesChanges {
    pub order_contact_days: Option<i32>,
    pub closed_checkout_days: Option<i32>,
    pub export_days: Option<i32>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { order_contact_days: ORDER_CONTACT_DAYS, closed_checkout_days: CLOSED_CHECKOUT_DAYS, export_days: EXPORT_DAYS, version: 1 }
    }
}

/// The store's rules; those of every store while it has said nothing.
///
/// # Errors
/// Postgres is away.
pub async fn find(tx: &TenantTx) -> Result<Rules, Error> {
    read(tx, "").await
}

/// Changes the rules. They hold for what is there already: what they keep no longer goes within the hour.
///
/// # Errors
/// `ChangedMeanwhile` when `expected` is not the current version.
pub async fn change(tx: &TenantTx, clock: &Clock, expected: Option<i64>, changes: RulesChanges) -> Result<Rules, Error> {
    let now = clock.now();
    let first = "INSERT INTO privacy_rules (tenant_id, order_contact_days, closed_checkout_days, export_days, created_at, updated_at)
                 VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT DO NOTHING";
    let values: [Value; 5] = [tx.tenant().into(), ORDER_CONTACT_DAYS.into(), CLOSED_CHECKOUT_DAYS.into(), EXPORT_DAYS.into(), now.into()];
    sql::run(tx, first, values).await?;
    let rules = read(tx, "FOR UPDATE").await?;
    if expected.is_some_and(|version| version != rules.version) {
        return Err(Error::ChangedMeanwhile);
    }
    let text = "UPDATE privacy_rules SET order_contact_days = coalesce($2, order_contact_days),
                  closed_checkout_days = coalesce($3, closed_checkout_days), export_days = coalesce($4, export_days),
                  version = version + 1, updated_at = $5 WHERE tenant_id = $1";
    let values: [Value; 5] = [
        tx.tenant().into(),
        changes.order_contact_days.into(),
        changes.closed_checkout_days.into(),
        changes.export_days.into(),
        now.into(),
    ];
    sql::run(tx, text, values).await?;
    find(tx).await
}

async fn read(tx: &TenantTx, lock: &str) -> Result<Rules, Error> {
    let text =
        format!("SELECT order_contact_days, closed_checkout_days, export_days, version FROM privacy_rules WHERE tenant_id = $1 {lock}");
    Ok(sql::one(tx, &text, [tx.tenant().into()]).await?.unwrap_or_default())
}
