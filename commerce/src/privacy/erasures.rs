//! Who asked to be forgotten, and how far that is.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, DeriveActiveEnum, EnumIter, FromQueryResult, Statement, Value};
use tenancy::{CustomerId, PlatformTx, TenantDb, TenantId, TenantTx};
use uuid::Uuid;

use super::{ErasureRequested, Error};
use crate::{
    clock::Clock,
    customers::{self, SignedInAs},
    identity::Passwords,
    ids::ErasureId,
    outbox,
    page::{Cursor, CursorError, Page, PageQuery},
    sql,
};

const SORT: &str = "erasures";

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum AskedBy {
    Customer,
    Vendor,
}

impl AskedBy {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Vendor => "vendor",
        }
    }
}

/// The receipt of an erasure: how much, and nothing of what.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Erasure {
    pub id: ErasureId,
    pub customer_id: CustomerId,
    pub asked_by: AskedBy,
    pub asked_at: DateTime<Utc>,
    /// None while the job has still to come.
    pub done_at: Option<DateTime<Utc>>,
    /// The last time, where a restored backup was erased again.
    pub applied_at: Option<DateTime<Utc>>,
    pub orders: i64,
    pub checkouts: i64,
    pub carts: i64,
    pub addresses: i64,
    pub audit_entries: i64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, customer_id, asked_by, asked_at, done_at, applied_at, orders, checkouts, carts, addresses, audit_entries ",
            "FROM erasures WHERE tenant_id = $1 AND ",
            $rest
        )
    };
}

/// A customer asks to be forgotten. Answers the receipt, and the sessions that have ended with it.
///
/// # Errors
/// `WrongPassword`, `SignInAgain`, `Busy`.
pub async fn request_erasure(
    db: &TenantDb,
    passwords: &Passwords,
    clock: &Clock,
    who: SignedInAs,
    password: Option<&str>,
) -> Result<(Erasure, Vec<Uuid>), Error> {
    customers::reauthenticate(db, passwords, who, password).await?;
    let tx = db.begin().await?;
    let asked = ask_for_erasure(&tx, clock, who.customer, AskedBy::Customer).await?;
    tx.commit().await?;
    Ok(asked)
}

/// Has a customer forgotten: the account is closed in `tx`, the rest follows by a job. Asked again it answers the same receipt.
///
/// # Errors
/// `NotFound` of customers.
pub async fn ask_for_erasure(tx: &TenantTx, clock: &Clock, customer: CustomerId, by: AskedBy) -> Result<(Erasure, Vec<Uuid>), Error> {
    let ended = match of_customer(tx, customer).await? {
        Some(_) => Vec::new(),
        None => customers::close(tx, clock, customer).await?,
    };
    let erasure = ErasureId::new();
    let text = "INSERT INTO erasures (tenant_id, id, customer_id, asked_by, asked_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    let values: [Value; 5] = [tx.tenant().into(), erasure.into(), customer.into(), by.into(), clock.now().into()];
    if sql::run(tx, text, values).await? == 1 {
        outbox::record(tx, clock, &ErasureRequested { customer, erasure }).await?;
    }
    let receipt = of_customer(tx, customer).await?.ok_or(Error::ErasureNotFound(erasure))?;
    Ok((receipt, ended))
}

/// # Errors
/// `ErasureNotFound`.
pub async fn find_erasure(tx: &TenantTx, id: ErasureId) -> Result<Erasure, Error> {
    sql::one(tx, select!("id = $2"), [tx.tenant().into(), id.into()]).await?.ok_or(Error::ErasureNotFound(id))
}

async fn of_customer(tx: &TenantTx, customer: CustomerId) -> Result<Option<Erasure>, DbErr> {
    sql::one(tx, select!("customer_id = $2"), [tx.tenant().into(), customer.into()]).await
}

/// The store's erasures, those last asked for first.
///
/// # Errors
/// The cursor is another list's.
pub async fn list_erasures(tx: &TenantTx, page: &PageQuery) -> Result<Page<Erasure>, Error> {
    let tenant = Some(tx.tenant());
    let after = page.after.as_ref().map(|cursor| cursor.for_list(tenant, SORT)).transpose()?;
    let at = after.map(|cursor| cursor.key.parse::<i64>().ok().and_then(DateTime::from_timestamp_micros).ok_or(CursorError)).transpose()?;
    let text = select!(
        "(asked_at, id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
         ORDER BY asked_at DESC, id DESC LIMIT $4"
    );
    let limit = i64::try_from(page.limit + 1).unwrap_or(i64::MAX);
    let values: [Value; 4] = [tx.tenant().into(), at.into(), after.map(|cursor| cursor.id).into(), limit.into()];
    let rows: Vec<Erasure> = sql::all(tx, text, values).await?;
    Ok(Page::of(rows, page.limit, |row| Cursor::new(tenant, SORT, row.asked_at.timestamp_micros().to_string(), row.id.uuid())))
}

/// Erasures of customers who are still, or again, somebody: the job has not come through, a payment was under way when it did, or
/// a backup was restored.
///
/// # Errors
/// Postgres is away.
pub async fn to_erase_again(tx: &PlatformTx) -> Result<Vec<(TenantId, ErasureId)>, DbErr> {
    let rows = tx.query_all_raw(Statement::from_string(tx.get_database_backend(), STILL_SOMEBODY)).await?;
    rows.iter().map(|row| Ok((row.try_get("", "tenant_id")?, row.try_get("", "id")?))).collect()
}

/// Whoever asked within the last minutes is being seen to already.
const STILL_SOMEBODY: &str = "
SELECT e.tenant_id, e.id FROM erasures e JOIN customers c ON c.tenant_id = e.tenant_id AND c.id = e.customer_id
WHERE e.asked_at < now() - interval '10 minutes' AND (
  c.erased_at IS NULL OR c.email NOT LIKE '%@erased.invalid' OR c.name <> 'Erased' OR c.note IS NOT NULL OR c.password_hash <> ''
  OR EXISTS (SELECT FROM customer_addresses a WHERE a.tenant_id = c.tenant_id AND a.customer_id = c.id)
  OR EXISTS (SELECT FROM customer_codes k WHERE k.tenant_id = c.tenant_id AND k.customer_id = c.id)
  OR EXISTS (SELECT FROM customer_refresh_tokens r WHERE r.tenant_id = c.tenant_id AND r.customer_id = c.id)
  OR EXISTS (SELECT FROM customer_identities i WHERE i.tenant_id = c.tenant_id AND i.customer_id = c.id)
  OR EXISTS (SELECT FROM customer_exports x WHERE x.tenant_id = c.tenant_id AND x.customer_id = c.id)
  OR EXISTS (SELECT FROM orders o WHERE o.tenant_id = c.tenant_id AND o.customer_id = c.id
    AND (o.email NOT LIKE '%@erased.invalid' OR o.shipping_address ? 'phone' OR o.billing_address ? 'phone'))
  OR EXISTS (SELECT FROM checkouts k WHERE k.tenant_id = c.tenant_id AND k.customer_id = c.id
    AND k.status IN ('open', 'completed', 'expired', 'cancelled')
    AND (k.email IS NOT NULL OR k.shipping_address IS NOT NULL OR k.billing_address IS NOT NULL)))
ORDER BY e.tenant_id, e.id LIMIT 1000";
