//! Placing, finding and listing orders.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    Set, Statement,
};
use serde_json::json;
use tenancy::{Actor, TenantTx};
use uuid::Uuid;

use super::{
    Error, Order, OrderCompleted, OrderLine, OrderPlaced, OrderTaxLine,
    entity::{
        order::{self, Status},
        order_history::{self, Event},
        order_line, order_tax_line,
    },
    status::{FulfillmentStatus, PaymentStatus, fulfillment_status, payment_status},
};
use crate::{
    clock::Clock,
    ids::{CheckoutId, CustomerId, OrderHistoryId, OrderId},
    money::Money,
    outbox::{self, Facts},
    page::{Cursor, CursorError, Page, PageQuery},
    payments::{self, Payment, PaymentCaptured},
    sql,
};

const SORT: &str = "orders";

/// Everything of an order but its number and history, ready to be written down.
pub struct NewOrder {
    pub order: Order,
    pub lines: Vec<OrderLine>,
    pub tax_lines: Vec<OrderTaxLine>,
    /// What pays for it, or promises to.
    pub payment: Payment,
}

/// Writes down all of an order but the order itself, which [`number`] does last: references to it are looked at when the
/// transaction commits.
///
/// # Errors
/// Postgres is away.
pub async fn place(tx: &TenantTx, clock: &Clock, new: NewOrder, actor: Actor) -> Result<Order, Error> {
    let order = new.order;
    let units = new.lines.iter().map(|line| i64::from(line.quantity)).sum();
    order_line::Entity::insert_many(new.lines.into_iter().map(IntoActiveModel::into_active_model)).exec_without_returning(tx).await?;
    if !new.tax_lines.is_empty() {
        let rows = new.tax_lines.into_iter().map(IntoActiveModel::into_active_model);
        order_tax_line::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    let paid = Some(&new.payment).filter(|payment| payment.captured > 0);
    let entries = [Some((Event::Placed, json!({}))), paid.map(paid_entry)];
    note_all(tx, clock, order.id, actor, entries.into_iter().flatten()).await?;
    let placed = OrderPlaced {
        order: order.id,
        placed_at: order.placed_at,
        units,
        subtotal: order.money(order.subtotal),
        shipping_total: order.money(order.shipping_total),
        tax_total: order.money(order.tax_total),
        total: order.money(order.total),
    };
    let mut facts = Facts::default().and(&placed)?;
    if let Some(payment) = paid {
        let amount = Money::new(payment.captured, payment.currency);
        facts = facts.and(&PaymentCaptured { payment: payment.id, order: order.id, amount })?;
    }
    facts.record(tx, clock).await?;
    Ok(order)
}

/// Gives a placed order its number and writes it down: the last statement before the commit, since from here on the store's
/// other buyers wait. The unique keys on checkout and cart make a second order for either impossible.
///
/// # Errors
/// Postgres is away.
pub async fn number(tx: &TenantTx, mut order: Order) -> Result<Order, Error> {
    let sql = "UPDATE order_counters SET last_number = last_number + 1 WHERE tenant_id = $1 RETURNING last_number";
    let counter = tx.query_one_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, [tx.tenant().into()])).await?;
    let counter = counter.ok_or_else(|| sea_orm::DbErr::RecordNotFound("the order counter of the store".into()))?;
    order.number = counter.try_get("", "last_number")?;
    order::Entity::insert(order.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(order)
}

/// # Errors
/// `OrderNotFound`.
pub async fn find(tx: &TenantTx, id: OrderId) -> Result<Order, Error> {
    order::Entity::find_by_id((tx.tenant(), id)).one(tx).await?.ok_or(Error::OrderNotFound(id))
}

/// An order of a customer.
///
/// # Errors
/// `OrderNotFound`, also when it is somebody else's.
pub async fn find_of(tx: &TenantTx, customer: CustomerId, id: OrderId) -> Result<Order, Error> {
    let found = find(tx, id).await?;
    if found.customer_id == Some(customer) { Ok(found) } else { Err(Error::OrderNotFound(id)) }
}

/// Gives the orders of an address that nobody owns to the customer who has proved that it is theirs. Nothing else of them
/// changes. Answers how many.
///
/// # Errors
/// Postgres is away.
pub async fn join(tx: &TenantTx, customer: CustomerId, email: &str) -> Result<u64, DbErr> {
    let text = "UPDATE orders SET customer_id = $2 WHERE tenant_id = $1 AND id = ANY (ARRAY(
                  SELECT id FROM orders WHERE tenant_id = $1 AND email = $3 AND customer_id IS NULL ORDER BY id FOR NO KEY UPDATE))";
    sql::run(tx, text, [tx.tenant().into(), customer.into(), email.into()]).await
}

/// The order that a checkout became.
///
/// # Errors
/// `LinkInvalid` when it became none.
pub async fn find_by_checkout(tx: &TenantTx, checkout: CheckoutId) -> Result<Order, Error> {
    let found = order::Entity::find().filter(order::Column::TenantId.eq(tx.tenant())).filter(order::Column::CheckoutId.eq(checkout));
    found.one(tx).await?.ok_or(Error::LinkInvalid)
}

/// The order, locked until the transaction ends.
///
/// # Errors
/// `OrderNotFound`.
pub async fn lock(tx: &TenantTx, id: OrderId) -> Result<Order, Error> {
    order::Entity::find_by_id((tx.tenant(), id)).lock_exclusive().one(tx).await?.ok_or(Error::OrderNotFound(id))
}

/// # Errors
/// Postgres is away.
pub async fn lines(tx: &TenantTx, id: OrderId) -> Result<Vec<OrderLine>, Error> {
    let found = order_line::Entity::find()
        .filter(order_line::Column::TenantId.eq(tx.tenant()))
        .filter(order_line::Column::OrderId.eq(id))
        .order_by_asc(order_line::Column::Position)
        .all(tx);
    Ok(found.await?)
}

/// # Errors
/// Postgres is away.
pub async fn tax_lines(tx: &TenantTx, id: OrderId) -> Result<Vec<OrderTaxLine>, Error> {
    let found = order_tax_line::Entity::find()
        .filter(order_tax_line::Column::TenantId.eq(tx.tenant()))
        .filter(order_tax_line::Column::OrderId.eq(id))
        .order_by_asc(order_tax_line::Column::Id)
        .all(tx);
    Ok(found.await?)
}

/// What happened to the order, oldest first.
///
/// # Errors
/// Postgres is away.
pub async fn history(tx: &TenantTx, id: OrderId) -> Result<Vec<order_history::Model>, Error> {
    let found = order_history::Entity::find()
        .filter(order_history::Column::TenantId.eq(tx.tenant()))
        .filter(order_history::Column::OrderId.eq(id))
        .order_by_asc(order_history::Column::CreatedAt)
        .order_by_asc(order_history::Column::Id)
        .all(tx);
    Ok(found.await?)
}

/// An order of a list, with what is derived of it.
#[derive(Clone, Debug)]
pub struct ListedOrder {
    pub order: Order,
    pub payment_status: PaymentStatus,
    pub fulfillment_status: FulfillmentStatus,
    pub units: i64,
}

/// Which orders. Absent asks for all.
#[derive(Clone, Copy, Debug, Default)]
pub struct OrderFilter {
    pub status: Option<Status>,
    pub customer: Option<CustomerId>,
}

/// Orders of the store, newest first: three statements a page.
///
/// # Errors
/// The cursor is not of this list.
pub async fn list(tx: &TenantTx, filter: OrderFilter, page: &PageQuery) -> Result<Page<ListedOrder>, Error> {
    let mut query = order::Entity::find().filter(order::Column::TenantId.eq(tx.tenant()));
    if let Some(status) = filter.status {
        query = query.filter(order::Column::Status.eq(status));
    }
    if let Some(customer) = filter.customer {
        query = query.filter(order::Column::CustomerId.eq(customer));
    }
    if let Some(after) = &page.after {
        let (placed_at, id) = position(after.for_list(Some(tx.tenant()), SORT)?)?;
        let same_time = Condition::all().add(order::Column::PlacedAt.eq(placed_at)).add(order::Column::Id.lt(id));
        query = query.filter(Condition::any().add(order::Column::PlacedAt.lt(placed_at)).add(same_time));
    }
    let query = query.order_by_desc(order::Column::PlacedAt).order_by_desc(order::Column::Id);
    let rows = query.limit(page.limit + 1).all(tx).await?;
    let tenant = Some(tx.tenant());
    let found = Page::of(rows, page.limit, |row| Cursor::new(tenant, SORT, row.placed_at.timestamp_micros().to_string(), row.id.uuid()));
    let ids: Vec<OrderId> = found.data.iter().map(|row| row.id).collect();
    let lines = order_line::Entity::find()
        .filter(order_line::Column::TenantId.eq(tx.tenant()))
        .filter(order_line::Column::OrderId.is_in(ids.clone()))
        .all(tx)
        .await?;
    let paid = payments::of_orders(tx, &ids).await?;
    Ok(found.map(|order| {
        let lines: Vec<OrderLine> = lines.iter().filter(|line| line.order_id == order.id).cloned().collect();
        let paid: Vec<Payment> = paid.iter().filter(|payment| payment.order_id == Some(order.id)).cloned().collect();
        ListedOrder {
            payment_status: payment_status(order.total, &paid),
            fulfillment_status: fulfillment_status(&lines),
            units: lines.iter().map(|line| i64::from(line.quantity)).sum(),
            order,
        }
    }))
}

fn position(cursor: &Cursor) -> Result<(DateTime<Utc>, Uuid), CursorError> {
    let placed_at = cursor.key.parse().ok().and_then(DateTime::from_timestamp_micros).ok_or(CursorError)?;
    Ok((placed_at, cursor.id))
}

/// Completes the order when everything has left and is paid for. The caller holds the lock on it.
///
/// # Errors
/// Postgres is away.
pub async fn complete_if_done(tx: &TenantTx, clock: &Clock, order: Order, actor: Actor) -> Result<Order, Error> {
    if order.status != Status::Placed {
        return Ok(order);
    }
    let paid = payment_status(order.total, &payments::of_order(tx, order.id).await?);
    let left = fulfillment_status(&lines(tx, order.id).await?);
    if !matches!(paid, PaymentStatus::Paid | PaymentStatus::PartiallyRefunded) || left != FulfillmentStatus::Fulfilled {
        return Ok(order);
    }
    let now = clock.now();
    let version = order.version + 1;
    let mut row = order.into_active_model();
    row.status = Set(Status::Completed);
    row.completed_at = Set(Some(now));
    row.updated_at = Set(now);
    row.version = Set(version);
    let order = row.update(tx).await?;
    note(tx, clock, order.id, Event::Completed, actor, json!({})).await?;
    outbox::record(tx, clock, &OrderCompleted { order: order.id }).await?;
    Ok(order)
}

/// Appends to the order's history.
pub(super) async fn note(
    tx: &TenantTx,
    clock: &Clock,
    order: OrderId,
    event: Event,
    actor: Actor,
    details: serde_json::Value,
) -> Result<(), Error> {
    note_all(tx, clock, order, actor, [(event, details)]).await
}

/// What the history says of a payment that has brought its money.
pub(super) fn paid_entry(payment: &Payment) -> (Event, serde_json::Value) {
    (Event::Paid, json!({ "payment": payment.id, "amount": payment.money() }))
}

async fn note_all(
    tx: &TenantTx,
    clock: &Clock,
    order: OrderId,
    actor: Actor,
    entries: impl IntoIterator<Item = (Event, serde_json::Value)>,
) -> Result<(), Error> {
    let rows = entries.into_iter().map(|(event, details)| order_history::ActiveModel {
        tenant_id: Set(tx.tenant()),
        id: Set(OrderHistoryId::new()),
        order_id: Set(order),
        event: Set(event),
        actor: Set(actor.to_string()),
        details: Set(details),
        created_at: Set(clock.now()),
    });
    order_history::Entity::insert_many(rows).exec_without_returning(tx).await?;
    Ok(())
}
