//! Tenants as operators see them: who they are, how much they sell, and whether they may.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement, Value};
use tenancy::{PlatformTx, TenantId, TenantStatus, directory};
use uuid::Uuid;

use super::{
    Error,
    audit::{self, About, By},
};
use crate::{
    clock::Clock,
    money::{Currency, Money},
    page::{Cursor, Page, PageQuery},
    text::clean_line,
};

const SORT: &str = "tenants";

#[derive(Clone, Debug)]
pub struct Tenant {
    pub id: TenantId,
    pub slug: String,
    pub name: String,
    pub status: TenantStatus,
    pub status_reason: Option<String>,
    pub plan: String,
    pub country: String,
    pub created_at: DateTime<Utc>,
    pub figures: Figures,
}

/// What a tenant holds and sells. Orders and sales are those of its sales reports: seconds behind, and cheap for any number of
/// orders.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    pub products: i64,
    pub orders: i64,
    /// One for each currency: what was placed less what was cancelled.
    pub sales: Vec<Money>,
}

/// All tenants, the newest first. Three statements a page, however many tenants are on it.
///
/// # Errors
/// The cursor is another list's.
pub async fn list(tx: &PlatformTx, status: Option<TenantStatus>, page: &PageQuery) -> Result<Page<Tenant>, Error> {
    let after = page.after.as_ref().map(|cursor| cursor.for_list(None, SORT)).transpose()?;
    let limit = i64::try_from(page.limit + 1).unwrap_or(i64::MAX);
    let values: [Value; 3] = [after.map(|cursor| cursor.id).into(), status.map(|status| word(status).to_owned()).into(), limit.into()];
    let rows =
        rows(tx, "($1::uuid IS NULL OR t.id < $1) AND ($2::text IS NULL OR t.status = $2) ORDER BY t.id DESC LIMIT $3", values).await?;
    let page = Page::of(rows, page.limit, |row| Cursor::new(None, SORT, "", row.id.uuid()));
    let ids = page.data.iter().map(|row| row.id.uuid()).collect();
    let mut figures = figures(tx, ids).await?;
    Ok(page.map(|row| tenant(row, &mut figures)))
}

/// One tenant.
///
/// # Errors
/// `NotFound`.
pub async fn find(tx: &PlatformTx, id: TenantId) -> Result<Tenant, Error> {
    let row = rows(tx, "t.id = $1", [id.into()]).await?.pop().ok_or(Error::NotFound(id))?;
    let mut figures = figures(tx, vec![id.uuid()]).await?;
    Ok(tenant(row, &mut figures))
}

/// Closes a store: its storefront answers no more, and its vendors may read but change nothing. Takes effect in every process as
/// soon as `tx` has committed.
///
/// # Errors
/// `NotFound`, `AlreadySuspended`, an unfit reason.
pub async fn suspend(tx: &PlatformTx, clock: &Clock, by: &By, id: TenantId, reason: &str) -> Result<(), Error> {
    let reason = clean_line("/reason", reason, 500).map_err(|fault| Error::Invalid(vec![fault]))?;
    if !turn(tx, clock, id, (TenantStatus::Active, TenantStatus::Suspended), Some(&reason)).await? {
        return Err(Error::AlreadySuspended);
    }
    audit::record(tx, clock, by, "tenants.suspend", About { tenant: Some(id), reason: Some(&reason), ..About::default() }).await?;
    Ok(())
}

/// Opens a suspended store again.
///
/// # Errors
/// `NotFound`, `AlreadyActive`, an unfit reason.
pub async fn reactivate(tx: &PlatformTx, clock: &Clock, by: &By, id: TenantId, reason: &str) -> Result<(), Error> {
    let reason = clean_line("/reason", reason, 500).map_err(|fault| Error::Invalid(vec![fault]))?;
    if !turn(tx, clock, id, (TenantStatus::Suspended, TenantStatus::Active), None).await? {
        return Err(Error::AlreadyActive);
    }
    audit::record(tx, clock, by, "tenants.reactivate", About { tenant: Some(id), reason: Some(&reason), ..About::default() }).await?;
    Ok(())
}

/// Whether the status turned: two operators at once turn it once.
async fn turn(
    tx: &PlatformTx,
    clock: &Clock,
    id: TenantId,
    (from, to): (TenantStatus, TenantStatus),
    reason: Option<&str>,
) -> Result<bool, Error> {
    let sql = "UPDATE tenants SET status = $3, status_reason = $4, updated_at = $5 WHERE id = $1 AND status = $2";
    let values: [Value; 5] = [id.into(), word(from).into(), word(to).into(), reason.map(str::to_owned).into(), clock.now().into()];
    let turned = tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    if turned.rows_affected() == 0 {
        find(tx, id).await?;
        return Ok(false);
    }
    directory::announce(tx).await?;
    Ok(true)
}

pub const fn word(status: TenantStatus) -> &'static str {
    match status {
        TenantStatus::Active => "active",
        TenantStatus::Suspended => "suspended",
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: TenantId,
    slug: String,
    name: String,
    status: String,
    status_reason: Option<String>,
    plan: String,
    country: String,
    created_at: DateTime<Utc>,
}

async fn rows(tx: &PlatformTx, which: &str, values: impl IntoIterator<Item = Value>) -> Result<Vec<Row>, DbErr> {
    let sql = format!(
        "SELECT t.id, t.slug, s.name, t.status, t.status_reason, t.plan, s.country, t.created_at
         FROM tenants t JOIN store_settings s ON s.tenant_id = t.id WHERE {which}"
    );
    Row::find_by_statement(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).all(tx).await
}

fn tenant(row: Row, figures: &mut BTreeMap<Uuid, Figures>) -> Tenant {
    Tenant {
        id: row.id,
        slug: row.slug,
        name: row.name,
        status: if row.status == "active" { TenantStatus::Active } else { TenantStatus::Suspended },
        status_reason: row.status_reason,
        plan: row.plan,
        country: row.country,
        created_at: row.created_at,
        figures: figures.remove(&row.id.uuid()).unwrap_or_default(),
    }
}

async fn figures(tx: &PlatformTx, tenants: Vec<Uuid>) -> Result<BTreeMap<Uuid, Figures>, DbErr> {
    let mut figures: BTreeMap<Uuid, Figures> = BTreeMap::new();
    let products = "SELECT tenant_id, count(*) AS products FROM products WHERE tenant_id = ANY ($1) GROUP BY tenant_id";
    for row in all(tx, products, tenants.clone()).await? {
        figures.entry(row.try_get("", "tenant_id")?).or_default().products = row.try_get("", "products")?;
    }
    let sales = "SELECT tenant_id, currency, sum(orders)::bigint AS orders, sum(total - cancelled_total)::bigint AS sales
                 FROM sales_rollups WHERE tenant_id = ANY ($1) AND period = 'day' GROUP BY tenant_id, currency ORDER BY currency";
    for row in all(tx, sales, tenants).await? {
        let sold = figures.entry(row.try_get("", "tenant_id")?).or_default();
        let currency: Currency =
            row.try_get::<String>("", "currency")?.parse().map_err(|_| DbErr::Type("sales_rollups.currency".into()))?;
        sold.orders += row.try_get::<i64>("", "orders")?;
        sold.sales.push(Money::new(row.try_get("", "sales")?, currency));
    }
    Ok(figures)
}

async fn all(tx: &PlatformTx, sql: &str, tenants: Vec<Uuid>) -> Result<Vec<sea_orm::QueryResult>, DbErr> {
    tx.query_all_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, [tenants.into()])).await
}
