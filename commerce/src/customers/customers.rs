//! Making, finding, changing and listing customers.

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, FromQueryResult, Value};
use tenancy::{CustomerId, TenantTx};

use super::{Error, codes};
use crate::{
    clock::Clock,
    fault::OnConstraint,
    identity,
    page::{Cursor, Page, PageQuery},
    sql,
    text::{Email, clean_line, clean_text},
};

const SORT: &str = "customers";

#[derive(Clone, FromQueryResult)]
pub struct Customer {
    pub id: CustomerId,
    pub email: String,
    pub name: String,
    /// None for who signs in by other providers alone.
    pub(super) password_hash: Option<String>,
    /// When the address was proved, if it was.
    pub email_verified_at: Option<DateTime<Utc>>,
    pub accepts_marketing: bool,
    /// When the customer last said whether they accept it; none while they have not been asked.
    pub marketing_decided_at: Option<DateTime<Utc>>,
    /// The vendor's own words. The customer reads them only in a copy of all their data, which the law gives them.
    pub note: Option<String>,
    /// Since when nobody signs in any more.
    pub closed_at: Option<DateTime<Utc>>,
    /// Since when nothing tells who it was.
    pub erased_at: Option<DateTime<Utc>>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, email, name, password_hash, email_verified_at, accepts_marketing, marketing_decided_at, note, closed_at, erased_at, ",
            "version, created_at, updated_at FROM customers WHERE tenant_id = $1 AND ",
            $rest
        )
    };
}

impl Customer {
    pub fn has_password(&self) -> bool {
        self.password_hash.is_some()
    }
}

/// What a customer may change of themselves. Absent leaves.
#[derive(Clone, Debug, Default)]
pub struct CustomerChanges {
    pub name: Option<String>,
    pub accepts_marketing: Option<bool>,
}

/// What a vendor may change of a customer. Outer None leaves, inner None clears.
#[derive(Clone, Debug, Default)]
pub struct NoteChanges {
    pub name: Option<String>,
    pub note: Option<Option<String>>,
}

/// # Errors
/// `NotFound`.
pub async fn find(tx: &TenantTx, id: CustomerId) -> Result<Customer, Error> {
    sql::one(tx, select!("id = $2"), [tx.tenant().into(), id.into()]).await?.ok_or(Error::NotFound(id))
}

/// The customer of an e-mail address, if there is one whose account is not closed.
pub(super) async fn get(tx: &TenantTx, email: &Email) -> Result<Option<Customer>, DbErr> {
    sql::one(tx, select!("email = $2 AND closed_at IS NULL"), [tx.tenant().into(), email.as_str().into()]).await
}

/// The customer, locked until the transaction ends. Their orders may be placed meanwhile.
///
/// # Errors
/// `NotFound`, also when the account is closed.
pub async fn lock(tx: &TenantTx, id: CustomerId) -> Result<Customer, Error> {
    lock_any(tx, id).await?.filter(|customer| customer.closed_at.is_none()).ok_or(Error::NotFound(id))
}

/// The customer, closed or not, locked until the transaction ends; none where a restored database knows no such one.
///
/// # Errors
/// Postgres is away.
pub async fn lock_any(tx: &TenantTx, id: CustomerId) -> Result<Option<Customer>, DbErr> {
    sql::one(tx, select!("id = $2 FOR NO KEY UPDATE"), [tx.tenant().into(), id.into()]).await
}

/// Makes a customer; none when the address has one.
pub(super) async fn create(
    tx: &TenantTx,
    clock: &Clock,
    (email, name): (&Email, &str),
    password_hash: &str,
    accepts_marketing: Option<bool>,
) -> Result<Option<CustomerId>, DbErr> {
    let (id, now) = (CustomerId::new(), clock.now());
    let text =
        "INSERT INTO customers (tenant_id, id, email, name, password_hash, accepts_marketing, marketing_decided_at, created_at, updated_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT (tenant_id, email) DO NOTHING";
    let values: [Value; 8] = [
        tx.tenant().into(),
        id.into(),
        email.as_str().into(),
        name.into(),
        password_hash.into(),
        accepts_marketing.unwrap_or(false).into(),
        accepts_marketing.map(|_| now).into(),
        now.into(),
    ];
    Ok((sql::run(tx, text, values).await? == 1).then_some(id))
}

/// Makes a customer without a password, whose address is proved; none when the address has one.
pub(super) async fn create_proved(
    tx: &TenantTx,
    clock: &Clock,
    (email, name): (&Email, &str),
    accepts_marketing: Option<bool>,
) -> Result<Option<CustomerId>, DbErr> {
    let (id, now) = (CustomerId::new(), clock.now());
    let text = "INSERT INTO customers (tenant_id, id, email, name, email_verified_at, accepts_marketing, marketing_decided_at,
                  created_at, updated_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $5, $5) ON CONFLICT (tenant_id, email) DO NOTHING";
    let values: [Value; 7] = [
        tx.tenant().into(),
        id.into(),
        email.as_str().into(),
        name.into(),
        now.into(),
        accepts_marketing.unwrap_or(false).into(),
        accepts_marketing.map(|_| now).into(),
    ];
    Ok((sql::run(tx, text, values).await? == 1).then_some(id))
}

/// A customer changes what is theirs. A consent that changes carries the time.
///
/// # Errors
/// `Invalid` names the field.
pub async fn change(tx: &TenantTx, clock: &Clock, id: CustomerId, changes: CustomerChanges) -> Result<Customer, Error> {
    let name = changes.name.map(|name| clean_line("/name", &name, 100)).transpose().map_err(|fault| Error::Invalid(vec![fault]))?;
    let text = "UPDATE customers SET name = coalesce($3, name), accepts_marketing = coalesce($4, accepts_marketing),
                  marketing_decided_at = CASE WHEN $4 IS NULL OR (marketing_decided_at IS NOT NULL AND accepts_marketing = $4)
                                         THEN marketing_decided_at ELSE $5 END,
                  version = version + 1, updated_at = $5 WHERE tenant_id = $1 AND id = $2 AND closed_at IS NULL";
    let values: [Value; 5] = [tx.tenant().into(), id.into(), name.into(), changes.accepts_marketing.into(), clock.now().into()];
    sql::run(tx, text, values).await?;
    find(tx, id).await
}

/// A vendor corrects a name, or notes something.
///
/// # Errors
/// `NotFound`, `Closed`, `ChangedMeanwhile` when `expected` is not the current version, `Invalid` names the fields.
pub async fn change_by_vendor(
    tx: &TenantTx,
    clock: &Clock,
    (id, expected): (CustomerId, Option<i64>),
    changes: NoteChanges,
) -> Result<Customer, Error> {
    let mut faults = Vec::new();
    let name = changes.name.map(|name| clean_line("/name", &name, 100)).transpose().map_err(|fault| faults.push(fault)).unwrap_or_default();
    let is_noted = changes.note.is_some();
    let note = changes.note.flatten().map(|note| clean_text("/note", &note, 2000)).transpose();
    let note = note.map_err(|fault| faults.push(fault)).unwrap_or_default().filter(|note| !note.is_empty());
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    let current = lock_any(tx, id).await?.ok_or(Error::NotFound(id))?;
    if current.closed_at.is_some() {
        return Err(Error::Closed);
    }
    if expected.is_some_and(|version| version != current.version) {
        return Err(Error::ChangedMeanwhile);
    }
    let text = "UPDATE customers SET name = coalesce($3, name), note = CASE WHEN $4 THEN $5 ELSE note END,
                  version = version + 1, updated_at = $6 WHERE tenant_id = $1 AND id = $2";
    let values: [Value; 6] = [tx.tenant().into(), id.into(), name.into(), is_noted.into(), note.into(), clock.now().into()];
    sql::run(tx, text, values).await?;
    find(tx, id).await
}

/// The store's customers, the newest first; of one address where it is named.
///
/// # Errors
/// The cursor is not of this list.
pub async fn list(tx: &TenantTx, email: Option<&Email>, page: &PageQuery) -> Result<Page<Customer>, Error> {
    let tenant = Some(tx.tenant());
    let after = page.after.as_ref().map(|cursor| cursor.for_list(tenant, SORT)).transpose()?.map(|cursor| cursor.id);
    let limit = i64::try_from(page.limit + 1).unwrap_or(i64::MAX);
    let rows: Vec<Customer> = if let Some(email) = email {
        get(tx, email).await?.into_iter().filter(|found| after.is_none_or(|after| found.id.uuid() < after)).collect()
    } else {
        let text = select!("id < coalesce($2, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid) ORDER BY id DESC LIMIT $3");
        sql::all(tx, text, [tx.tenant().into(), after.into(), limit.into()]).await?
    };
    Ok(Page::of(rows, page.limit, |row| Cursor::new(tenant, SORT, "", row.id.uuid())))
}

/// The customer has another password, and no code that was mailed before is worth anything.
pub(super) async fn set_password(tx: &TenantTx, clock: &Clock, id: CustomerId, hash: &str) -> Result<(), DbErr> {
    let text = "UPDATE customers SET password_hash = $3, updated_at = $4 WHERE tenant_id = $1 AND id = $2";
    sql::run(tx, text, [tx.tenant().into(), id.into(), hash.into(), clock.now().into()]).await?;
    codes::end_all(tx, id).await
}

/// The customer has another address, which is proved, and no code that was mailed to the old one is worth anything.
pub(super) async fn set_email(tx: &TenantTx, clock: &Clock, id: CustomerId, email: &str) -> Result<(), Error> {
    let text =
        "UPDATE customers SET email = $3, email_verified_at = $4, version = version + 1, updated_at = $4 WHERE tenant_id = $1 AND id = $2";
    let done = sql::run(tx, text, [tx.tenant().into(), id.into(), email.into(), clock.now().into()]).await;
    done.on_constraint("customers_email_key", || Error::Identity(identity::Error::EmailTaken))?;
    Ok(codes::end_all(tx, id).await?)
}

/// The address is proved, from now on if it was not before.
pub(super) async fn set_verified(tx: &TenantTx, clock: &Clock, id: CustomerId) -> Result<(), DbErr> {
    let text = "UPDATE customers SET email_verified_at = coalesce(email_verified_at, $3), version = version + 1, updated_at = $3
                WHERE tenant_id = $1 AND id = $2";
    sql::run(tx, text, [tx.tenant().into(), id.into(), clock.now().into()]).await.map(|_| ())
}

/// Whoever proves an address that was registered by somebody who did not takes nothing over of what that one has left: no address to
/// which goods would go, no cart, no consent, no name.
pub(super) async fn forget_stranger(tx: &TenantTx, clock: &Clock, id: CustomerId) -> Result<(), DbErr> {
    let text = "UPDATE customers SET name = left(split_part(email, '@', 1), 100), accepts_marketing = false, marketing_decided_at = NULL,
                  cart_id = NULL, version = version + 1, updated_at = $3 WHERE tenant_id = $1 AND id = $2";
    sql::run(tx, text, [tx.tenant().into(), id.into(), clock.now().into()]).await?;
    let text = "DELETE FROM customer_addresses WHERE tenant_id = $1 AND customer_id = $2";
    sql::run(tx, text, [tx.tenant().into(), id.into()]).await.map(|_| ())
}

/// Names and addresses never show themselves in logs.
impl std::fmt::Debug for Customer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Customer({})", self.id)
    }
}
