//! What nobody will ask for again: codes, refresh tokens and flows past their time.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use tenancy::{PlatformTx, TenantId, TenantTx};

use crate::sql;

const CODES: &str = "expires_at < now() - interval '1 day'";
/// Kept a while longer: a token that comes back late is known for what it was.
const TOKENS: &str = "expires_at < now() - interval '7 days'";

/// They hold what a provider told of somebody who never finished.
const FLOWS: &str = "expires_at < now() - interval '1 hour'";

/// Rows that one transaction deletes of a table, so that no lock is held for long.
const BITE: u32 = 2_000;

/// Tenants that have rows past their time, for [`prune`]. One look into an index for each.
///
/// # Errors
/// Postgres is away.
pub async fn tenants_to_prune(tx: &PlatformTx) -> Result<Vec<TenantId>, DbErr> {
    let text = format!(
        "SELECT t.id FROM tenants t WHERE EXISTS (SELECT FROM customer_codes c WHERE c.tenant_id = t.id AND c.{CODES})
            OR EXISTS (SELECT FROM customer_refresh_tokens r WHERE r.tenant_id = t.id AND r.{TOKENS})
            OR EXISTS (SELECT FROM customer_oauth_flows f WHERE f.tenant_id = t.id AND f.{FLOWS})"
    );
    let rows = tx.query_all_raw(Statement::from_string(DbBackend::Postgres, text)).await?;
    rows.iter().map(|row| row.try_get("", "id")).collect()
}

/// Deletes a bite of a tenant's rows past their time; says whether there may be more.
///
/// # Errors
/// Postgres is away.
pub async fn prune(tx: &TenantTx) -> Result<bool, DbErr> {
    let mut has_more = false;
    for (table, rule) in [("customer_codes", CODES), ("customer_refresh_tokens", TOKENS), ("customer_oauth_flows", FLOWS)] {
        let text = format!(
            "DELETE FROM {table} WHERE tenant_id = $1 AND id = ANY (ARRAY(
               SELECT id FROM {table} WHERE tenant_id = $1 AND {rule} ORDER BY expires_at LIMIT {BITE} FOR UPDATE SKIP LOCKED))"
        );
        has_more |= sql::run(tx, &text, [tx.tenant().into()]).await? >= u64::from(BITE);
    }
    Ok(has_more)
}
