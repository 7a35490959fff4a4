//! The three questions, each one statement by the platform's role.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, QueryResult, Statement, Value};
use uuid::Uuid;

use super::{Key, KeyKind, Tenant, TenantStatus};
use crate::{ApiKeyId, Database, TenantId};

const TENANT: &str = "t.id, t.slug, t.status, t.plan, s.name, s.currency, s.currencies, s.country, s.time_zone,
    s.prices_include_tax, s.reservation_minutes FROM tenants t JOIN store_settings s ON s.tenant_id = t.id";

pub(super) async fn by_host(database: &Database, host: &str) -> Result<Option<Tenant>, DbErr> {
    let sql = format!("SELECT {TENANT} JOIN tenant_hosts h ON h.tenant_id = t.id WHERE h.host = $1 AND h.verified_at IS NOT NULL");
    one(database, sql, host.into()).await?.map(|row| tenant(&row)).transpose()
}

pub(super) async fn by_id(database: &Database, id: TenantId) -> Result<Option<Tenant>, DbErr> {
    one(database, format!("SELECT {TENANT} WHERE t.id = $1"), id.uuid().into()).await?.map(|row| tenant(&row)).transpose()
}

pub(super) async fn by_key_hash(database: &Database, hash: &[u8; 32]) -> Result<Option<Key>, DbErr> {
    let sql = format!(
        "SELECT k.id AS key_id, k.kind, k.scopes, k.origins, k.expires_at, {TENANT} JOIN api_keys k ON k.tenant_id = t.id
         WHERE k.token_hash = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())"
    );
    let Some(row) = one(database, sql, hash.to_vec().into()).await? else { return Ok(None) };
    let kind = match row.try_get::<String>("", "kind")?.as_str() {
        "secret" => KeyKind::Secret,
        _ => KeyKind::Publishable,
    };
    // A scope this version does not know grants nothing.
    let scopes = row.try_get::<Vec<String>>("", "scopes")?.iter().filter_map(|scope| scope.parse().ok()).collect();
    let id = ApiKeyId::from_uuid(row.try_get::<Uuid>("", "key_id")?);
    let (origins, expires_at) = (row.try_get("", "origins")?, row.try_get("", "expires_at")?);
    Ok(Some(Key { id, tenant: Arc::new(tenant(&row)?), kind, scopes, origins, expires_at }))
}

async fn one(database: &Database, sql: String, value: Value) -> Result<Option<QueryResult>, DbErr> {
    let tx = database.platform().begin().await?;
    tx.query_one_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, [value])).await
}

#[derive(FromQueryResult)]
struct Row {
    id: TenantId,
    slug: String,
    status: String,
    plan: String,
    name: String,
    currency: String,
    currencies: Vec<String>,
    country: String,
    time_zone: String,
    prices_include_tax: bool,
    reservation_minutes: i32,
}

fn tenant(row: &QueryResult) -> Result<Tenant, DbErr> {
    let row = Row::from_query_result(row, "")?;
    Ok(Tenant {
        id: row.id,
        slug: row.slug,
        name: row.name,
        status: if row.status == "active" { TenantStatus::Active } else { TenantStatus::Suspended },
        plan: row.plan.parse().map_err(|error: crate::permission::UnknownWord| DbErr::Type(error.to_string()))?,
        currency: row.currency,
        currencies: row.currencies,
        country: row.country,
        time_zone: row.time_zone,
        prices_include_tax: row.prices_include_tax,
        reservation_minutes: row.reservation_minutes,
    })
}
