//! The copy of carts in Postgres: what brings them back when Redis has lost them, and where they are edited while it is away.

use std::collections::BTreeMap;

use redis::aio::ConnectionManager;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use tenancy::{Database, PlatformTx, TenantId, TenantTx};

use super::content::Cart;
use super::keep;
use crate::ids::CartId;

/// What a round of copying came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    pub carts: usize,
    /// Tenants whose carts stay marked, because their copies could not be written.
    pub failed_tenants: usize,
}

/// Copies up to `limit` changed carts to Postgres, those that wait longest first, in one transaction a tenant. May run
/// anywhere, twice at once, and again: an older version never replaces a newer one, and a cart that changes meanwhile
/// stays marked.
///
/// # Errors
/// Redis is away: there is nothing to copy from.
pub async fn copy_dirty(redis: &ConnectionManager, database: &Database, limit: usize) -> Result<Copied, redis::RedisError> {
    let mut redis = redis.clone();
    let mut of_tenant: BTreeMap<TenantId, Vec<keep::Dirty>> = BTreeMap::new();
    for dirty in keep::dirty(&mut redis, limit).await? {
        of_tenant.entry(dirty.tenant).or_default().push(dirty);
    }
    let mut copied = Copied::default();
    for (tenant, dirty) in of_tenant {
        match save_all(database, tenant, dirty.iter().filter_map(|dirty| dirty.cart.as_ref())).await {
            Ok(()) => {
                copied.carts += dirty.len();
                keep::clean(&mut redis, &dirty).await?;
            }
            Err(error) => {
                // To the end of the queue: one tenant's trouble must not keep the others waiting.
                tracing::warn!(%tenant, carts = dirty.len(), %error, "Could not copy carts; they will be tried again");
                copied.failed_tenants += 1;
                keep::postpone(&mut redis, &dirty).await?;
            }
        }
    }
    Ok(copied)
}

/// Tenants that have copies past their time, for [`prune`].
///
/// # Errors
/// Only the database's.
pub async fn tenants_to_prune(tx: &PlatformTx) -> Result<Vec<TenantId>, DbErr> {
    let sql = "SELECT DISTINCT tenant_id FROM carts WHERE expires_at <= now()";
    let rows = tx.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    rows.iter().map(|row| row.try_get("", "tenant_id")).collect()
}

/// Deletes a tenant's copies past their time; answers how many.
///
/// # Errors
/// Only the database's.
pub async fn prune(tx: &TenantTx) -> Result<u64, DbErr> {
    let sql = "DELETE FROM carts WHERE tenant_id = (SELECT current_setting('app.tenant_id')::uuid) AND expires_at <= now()";
    Ok(tx.execute_raw(Statement::from_string(DbBackend::Postgres, sql)).await?.rows_affected())
}

/// The copy of a cart, whether deleted or not.
pub(super) async fn find(tx: &TenantTx, id: CartId) -> Result<Option<Cart>, DbErr> {
    let sql = "SELECT body FROM carts WHERE tenant_id = (SELECT current_setting('app.tenant_id')::uuid) AND id = $1 AND expires_at > now()";
    let row = tx.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [id.into()])).await?;
    let body: Option<serde_json::Value> = row.map(|row| row.try_get("", "body")).transpose()?;
    body.map(|body| serde_json::from_value(body).map_err(|error| DbErr::Json(error.to_string()))).transpose()
}

/// Saves `cart` if its copy is no newer than `known`; says whether it did.
pub(super) async fn save(tx: &TenantTx, cart: &Cart, known: i64) -> Result<bool, DbErr> {
    let values = [body(std::slice::from_ref(&cart))?.into(), known.into()];
    let sql = format!("{UPSERT} WHERE kept.version <= $2");
    let saved = tx.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
    Ok(saved.rows_affected() == 1)
}

async fn save_all(database: &Database, tenant: TenantId, carts: impl Iterator<Item = &Cart>) -> Result<(), DbErr> {
    let mut carts: Vec<&Cart> = carts.collect();
    if carts.is_empty() {
        return Ok(());
    }
    carts.sort_by_key(|cart| cart.id); // rows are locked in id order
    let tx = database.tenant(tenant).begin().await?;
    let sql = format!("{UPSERT} WHERE kept.version < excluded.version");
    tx.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [body(&carts)?.into()])).await?;
    tx.commit().await
}

/// $1 is an array of carts.
const UPSERT: &str = "
    INSERT INTO carts AS kept (tenant_id, id, version, body, expires_at, updated_at)
    SELECT current_setting('app.tenant_id')::uuid, (cart->>'uuid')::uuid, (cart->'body'->>'version')::bigint, cart->'body',
           (cart->'body'->>'expires_at')::timestamptz, now()
    FROM jsonb_array_elements($1::jsonb) AS cart
    ON CONFLICT (tenant_id, id) DO UPDATE
    SET version = excluded.version, body = excluded.body, expires_at = excluded.expires_at, updated_at = excluded.updated_at";

fn body(carts: &[&Cart]) -> Result<serde_json::Value, DbErr> {
    let cart = |cart: &&Cart| Ok(serde_json::json!({ "uuid": cart.id.uuid(), "body": serde_json::to_value(cart)? }));
    let carts: Result<Vec<_>, serde_json::Error> = carts.iter().map(cart).collect();
    carts.map(serde_json::Value::Array).map_err(|error| DbErr::Json(error.to_string()))
}
