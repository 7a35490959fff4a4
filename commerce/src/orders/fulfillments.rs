//! Goods leaving for an order, at once or in parts.

use std::collections::BTreeMap;

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, Statement};
use serde_json::json;
use tenancy::{Actor, TenantTx};
use uuid::Uuid;

use super::{
    Error, Fulfillment, FulfillmentCreated, FulfillmentLine, OrderLine,
    entity::{fulfillment, fulfillment_line, order::Status, order_history::Event},
    orders::{complete_if_done, lines, lock, note},
};
use crate::{
    clock::Clock,
    fault::FieldFault,
    ids::{FulfillmentId, OrderId, OrderLineId},
    inventory, outbox,
    text::clean_line,
};

#[derive(Clone, Debug, Default)]
pub struct NewFulfillment {
    pub carrier: Option<String>,
    pub tracking_number: Option<String>,
    /// http or https.
    pub tracking_url: Option<String>,
    /// What leaves; empty means everything that has not left yet.
    pub lines: Vec<(OrderLineId, i32)>,
}

/// Records that goods have left from the default location.
///
/// # Errors
/// `Invalid` naming the line of which more would leave than was ordered, `AlreadyCancelled`, or nothing is left to send.
pub async fn fulfill(
    tx: &TenantTx,
    clock: &Clock,
    id: OrderId,
    new: NewFulfillment,
    actor: Actor,
) -> Result<(Fulfillment, Vec<FulfillmentLine>), Error> {
    let new = cleaned(new)?;
    let order = lock(tx, id).await?;
    if order.status == Status::Cancelled {
        return Err(Error::AlreadyCancelled);
    }
    let leaving = leaving(&lines(tx, id).await?, &new.lines)?;
    let location = inventory::locations::default(tx).await?;
    let row = Fulfillment {
        tenant_id: tx.tenant(),
        id: FulfillmentId::new(),
        order_id: id,
        location_id: location.id,
        carrier: new.carrier,
        tracking_number: new.tracking_number,
        tracking_url: new.tracking_url,
        created_at: clock.now(),
    };
    fulfillment::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
    let units: i32 = leaving.values().sum();
    let lines = write_lines(tx, row.id, &leaving).await?;
    note(tx, clock, id, Event::Fulfilled, actor, json!({ "fulfillment": row.id, "units": units })).await?;
    outbox::record(tx, clock, &FulfillmentCreated { order: id, fulfillment: row.id }).await?;
    complete_if_done(tx, clock, order, actor).await?;
    Ok((row, lines))
}

/// The fulfillments of an order with their lines, oldest first.
///
/// # Errors
/// Postgres is away.
pub async fn of_order(tx: &TenantTx, order: OrderId) -> Result<Vec<(Fulfillment, Vec<FulfillmentLine>)>, Error> {
    let rows = fulfillment::Entity::find()
        .filter(fulfillment::Column::TenantId.eq(tx.tenant()))
        .filter(fulfillment::Column::OrderId.eq(order))
        .order_by_asc(fulfillment::Column::CreatedAt)
        .order_by_asc(fulfillment::Column::Id)
        .all(tx)
        .await?;
    let lines = fulfillment_line::Entity::find()
        .filter(fulfillment_line::Column::TenantId.eq(tx.tenant()))
        .filter(fulfillment_line::Column::FulfillmentId.is_in(rows.iter().map(|row| row.id)))
        .all(tx)
        .await?;
    let of = |id| lines.iter().filter(|line| line.fulfillment_id == id).cloned().collect();
    Ok(rows.into_iter().map(|row| (row.clone(), of(row.id))).collect())
}

fn cleaned(new: NewFulfillment) -> Result<NewFulfillment, Error> {
    let mut faults = Vec::new();
    let mut line = |pointer: &str, text: Option<String>, max: usize| {
        text.filter(|text| !text.trim().is_empty())
            .and_then(|text| clean_line(pointer, &text, max).map_err(|fault| faults.push(fault)).ok())
    };
    let carrier = line("/carrier", new.carrier, 100);
    let tracking_number = line("/tracking_number", new.tracking_number, 100);
    let tracking_url = line("/tracking_url", new.tracking_url, 2000);
    if tracking_url.as_deref().is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
        faults.push(FieldFault::new("/tracking_url", "url", "must start with https:// or http://"));
    }
    if faults.is_empty() {
        Ok(NewFulfillment { carrier, tracking_number, tracking_url, lines: new.lines })
    } else {
        Err(Error::Invalid(faults))
    }
}

/// How many units of which line leave: what was asked for, or all that is left.
fn leaving(lines: &[OrderLine], asked: &[(OrderLineId, i32)]) -> Result<BTreeMap<OrderLineId, i32>, Error> {
    let left: BTreeMap<OrderLineId, i32> = lines.iter().map(|line| (line.id, line.quantity - line.fulfilled_quantity)).collect();
    if asked.is_empty() {
        let rest: BTreeMap<_, _> = left.into_iter().filter(|(_, quantity)| *quantity > 0).collect();
        return if rest.is_empty() { Err(Error::AlreadyFulfilled) } else { Ok(rest) };
    }
    let mut leaving = BTreeMap::new();
    let mut faults = Vec::new();
    for (place, (line, quantity)) in asked.iter().enumerate() {
        let rest = left.get(line).copied().unwrap_or(0) - leaving.get(line).copied().unwrap_or(0);
        if !left.contains_key(line) {
            faults.push(FieldFault::new(format!("/lines/{place}/line_id"), "unknown", "is no line of this order"));
        } else if *quantity < 1 || *quantity > rest {
            faults.push(FieldFault::new(
                format!("/lines/{place}/quantity"),
                "quantity",
                format!("must be 1 to {rest}, what has not left yet"),
            ));
        } else {
            *leaving.entry(*line).or_insert(0) += quantity;
        }
    }
    if faults.is_empty() { Ok(leaving) } else { Err(Error::Invalid(faults)) }
}

async fn write_lines(
    tx: &TenantTx,
    fulfillment: FulfillmentId,
    leaving: &BTreeMap<OrderLineId, i32>,
) -> Result<Vec<FulfillmentLine>, Error> {
    let line = |(line, quantity): (&OrderLineId, &i32)| FulfillmentLine {
        tenant_id: tx.tenant(),
        fulfillment_id: fulfillment,
        order_line_id: *line,
        quantity: *quantity,
    };
    let lines: Vec<FulfillmentLine> = leaving.iter().map(line).collect();
    let rows = lines.iter().cloned().map(IntoActiveModel::into_active_model);
    fulfillment_line::Entity::insert_many(rows).exec_without_returning(tx).await?;
    let ids: Vec<Uuid> = leaving.keys().map(|id| id.uuid()).collect();
    let quantities: Vec<i32> = leaving.values().copied().collect();
    let sql = "UPDATE order_lines line SET fulfilled_quantity = line.fulfilled_quantity + sent.quantity
               FROM unnest($2::uuid[], $3::integer[]) AS sent (id, quantity) WHERE line.tenant_id = $1 AND line.id = sent.id";
    let values = [tx.tenant().into(), ids.into(), quantities.into()];
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok(lines)
}
