//! Stock levels: opened with a variant, changed by one conditional statement each, every unit explained by a movement.

use sea_orm::{EntityTrait, FromQueryResult};
use serde::Serialize;
use tenancy::TenantTx;
use uuid::Uuid;

pub use super::entity::stock_level::{Backorder, Model as StockLevel};
use super::{
    Error,
    entity::{stock_level, stock_movement::Kind},
    events::{StockAvailabilityChanged, StockBecameLow},
};
use crate::{
    clock::Clock,
    ids::{MovementId, ProductId, StockLevelId, VariantId},
    outbox, sql,
};

/// No count may leave this range; it keeps sums of levels inside an `i32`.
const MOST_UNITS: i32 = 1_000_000_000;

/// The level a variant starts with at the default location.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    pub variant_id: VariantId,
    pub on_hand: i32,
    pub backorder: Backorder,
}

/// Units that come or go by hand.
#[derive(Clone, Debug)]
pub struct Adjustment {
    /// Units, never zero.
    pub quantity: i32,
    /// `Received` or `Adjusted`; sales and returns belong to orders.
    pub kind: Kind,
    pub reason: String,
}

/// What may be set on a level besides its count. Absent fields stay.
#[derive(Clone, Copy, Debug, Default)]
pub struct LevelChanges {
    pub backorder: Option<Backorder>,
    pub reorder_point: Option<Option<i32>>,
    pub safety_stock: Option<i32>,
}

/// The level with this id.
///
/// # Errors
/// `LevelNotFound`.
pub async fn find(tx: &TenantTx, id: StockLevelId) -> Result<StockLevel, Error> {
    stock_level::Entity::find_by_id((tx.tenant(), id)).one(tx).await?.ok_or(Error::LevelNotFound(id))
}

/// Opens a level at the default location for each new variant; units it starts with are a `received` movement.
///
/// # Errors
/// `NoDefaultLocation`.
pub async fn open(tx: &TenantTx, clock: &Clock, openings: &[Opening], reason: Option<&str>) -> Result<(), Error> {
    #[derive(Serialize)]
    struct Row {
        id: Uuid,
        movement_id: Uuid,
        variant_id: Uuid,
        on_hand: i32,
        backorder: &'static str,
    }
    if openings.is_empty() {
        return Ok(());
    }
    let rows: Vec<Row> = openings
        .iter()
        .map(|opening| Row {
            id: StockLevelId::new().uuid(),
            movement_id: MovementId::new().uuid(),
            variant_id: opening.variant_id.uuid(),
            on_hand: opening.on_hand,
            backorder: if opening.backorder == Backorder::Allow { "allow" } else { "deny" },
        })
        .collect();
    let text = "
        WITH rows AS (
          SELECT x.*, l.id AS location_id FROM locations l,
            jsonb_to_recordset($2) AS x (id uuid, movement_id uuid, variant_id uuid, on_hand integer, backorder text)
          WHERE l.tenant_id = $1 AND l.is_default),
        opened AS (
          INSERT INTO stock_levels (tenant_id, id, variant_id, location_id, on_hand, backorder, out_since, created_at, updated_at)
          SELECT $1, id, variant_id, location_id, on_hand, backorder, CASE WHEN on_hand <= 0 AND backorder = 'deny' THEN $3 END, $3, $3
          FROM rows RETURNING id),
        moved AS (
          INSERT INTO stock_movements (tenant_id, id, stock_level_id, kind, quantity, reason, created_at)
          SELECT $1, movement_id, id, 'received', on_hand, $4, $3 FROM rows WHERE on_hand <> 0)
        SELECT id FROM opened";
    let values = [tx.tenant().into(), sql::json(&rows)?, clock.now().into(), reason.map(str::to_owned).into()];
    let opened = sql::run(tx, text, values).await?;
    if opened == openings.len() as u64 { Ok(()) } else { Err(Error::NoDefaultLocation) }
}

/// Counts units in or out.
///
/// # Errors
/// `LevelNotFound`; `BelowReserved` when fewer units would be left than are promised and backorders are refused.
pub async fn adjust(tx: &TenantTx, clock: &Clock, id: StockLevelId, adjustment: &Adjustment) -> Result<StockLevel, Error> {
    let text = "
        WITH changed AS (
          UPDATE stock_levels SET on_hand = on_hand + $3, updated_at = $4
          WHERE tenant_id = $1 AND id = $2 AND (backorder = 'allow' OR on_hand + $3 >= reserved)
            AND on_hand::bigint + $3 BETWEEN -$8::bigint AND $8::bigint
          RETURNING id)
        INSERT INTO stock_movements (tenant_id, id, stock_level_id, kind, quantity, reason, created_at)
        SELECT $1, $5, id, $6, $3, $7, $4 FROM changed";
    let values = [
        tx.tenant().into(),
        id.into(),
        adjustment.quantity.into(),
        clock.now().into(),
        MovementId::new().into(),
        kind_word(adjustment.kind).into(),
        adjustment.reason.as_str().into(),
        MOST_UNITS.into(),
    ];
    if sql::run(tx, text, values).await? == 0 {
        find(tx, id).await?;
        return Err(Error::BelowReserved(id));
    }
    note_crossings(tx, clock, &[id]).await?;
    find(tx, id).await
}

/// Sets the count to what was counted; the difference is an `adjusted` movement, and no difference is no movement.
///
/// # Errors
/// `LevelNotFound`; `BelowReserved` as in [`adjust`].
pub async fn set(tx: &TenantTx, clock: &Clock, id: StockLevelId, on_hand: i32, reason: &str) -> Result<StockLevel, Error> {
    #[derive(FromQueryResult)]
    struct Held {
        on_hand: i32,
    }
    let lock = "SELECT on_hand FROM stock_levels WHERE tenant_id = $1 AND id = $2 FOR UPDATE";
    let held: Option<Held> = sql::one(tx, lock, [tx.tenant().into(), id.into()]).await?;
    let quantity = i64::from(on_hand) - i64::from(held.ok_or(Error::LevelNotFound(id))?.on_hand);
    match i32::try_from(quantity) {
        Ok(0) => find(tx, id).await,
        Ok(quantity) => adjust(tx, clock, id, &Adjustment { quantity, kind: Kind::Adjusted, reason: reason.to_owned() }).await,
        Err(_) => Err(Error::BelowReserved(id)),
    }
}

/// Changes the level's backorder policy, reorder point or safety stock.
///
/// # Errors
/// `LevelNotFound`; `BelowReserved` when backorders are to end while more is promised than is on hand.
pub async fn change(tx: &TenantTx, clock: &Clock, id: StockLevelId, changes: LevelChanges) -> Result<StockLevel, Error> {
    let text = "
        UPDATE stock_levels SET backorder = coalesce($3, backorder), safety_stock = coalesce($4, safety_stock),
          reorder_point = CASE WHEN $5 THEN $6 ELSE reorder_point END, updated_at = $7
        WHERE tenant_id = $1 AND id = $2 AND (coalesce($3, backorder) = 'allow' OR (on_hand >= 0 AND reserved <= on_hand))";
    let values = [
        tx.tenant().into(),
        id.into(),
        changes.backorder.map(|policy| if policy == Backorder::Allow { "allow" } else { "deny" }.to_owned()).into(),
        changes.safety_stock.into(),
        changes.reorder_point.is_some().into(),
        changes.reorder_point.flatten().into(),
        clock.now().into(),
    ];
    if sql::run(tx, text, values).await? == 0 {
        find(tx, id).await?;
        return Err(Error::BelowReserved(id));
    }
    note_crossings(tx, clock, &[id]).await?;
    find(tx, id).await
}

/// Tells each crossing once: called after every change of levels, in the transaction of the change (which therefore
/// holds their row locks). A level that is low stays marked, silently, until it rises above its reorder point.
///
/// One statement; a second one only when something was crossed.
pub async fn note_crossings(tx: &TenantTx, clock: &Clock, levels: &[StockLevelId]) -> Result<(), Error> {
    #[derive(FromQueryResult)]
    struct Crossing {
        id: StockLevelId,
        variant_id: VariantId,
        product_id: ProductId,
        available: i32,
        reorder_point: Option<i32>,
        became_low: bool,
        is_out: bool,
        availability_changed: bool,
    }
    if levels.is_empty() {
        return Ok(());
    }
    let text = "
        UPDATE stock_levels s SET low_since = CASE WHEN t.is_low THEN coalesce(s.low_since, $3) END,
          out_since = CASE WHEN t.is_out THEN coalesce(s.out_since, $3) END
        FROM (SELECT l.id, l.low_since, l.out_since, v.product_id, l.on_hand - l.reserved - l.safety_stock AS available,
                v.is_stock_tracked AND coalesce(l.on_hand - l.reserved - l.safety_stock <= l.reorder_point, false) AS is_low,
                v.is_stock_tracked AND l.backorder = 'deny' AND l.on_hand - l.reserved - l.safety_stock <= 0 AS is_out
              FROM stock_levels l JOIN variants v ON v.tenant_id = l.tenant_id AND v.id = l.variant_id
              WHERE l.tenant_id = $1 AND l.id = ANY ($2)) t
        WHERE s.tenant_id = $1 AND s.id = t.id AND (t.is_low <> (t.low_since IS NOT NULL) OR t.is_out <> (t.out_since IS NOT NULL))
        RETURNING s.id, s.variant_id, t.product_id, t.available, s.reorder_point, t.is_out,
          t.is_low AND t.low_since IS NULL AS became_low, t.is_out <> (t.out_since IS NOT NULL) AS availability_changed";
    let ids: Vec<Uuid> = levels.iter().map(|level| level.uuid()).collect();
    let values = [tx.tenant().into(), ids.into(), clock.now().into()];
    let crossings: Vec<Crossing> = sql::all(tx, text, values).await?;
    let low: Vec<StockBecameLow> = crossings
        .iter()
        .filter(|crossing| crossing.became_low)
        .filter_map(|crossing| {
            Some(StockBecameLow {
                stock_level_id: crossing.id,
                variant_id: crossing.variant_id,
                product_id: crossing.product_id,
                available: crossing.available,
                reorder_point: crossing.reorder_point?,
            })
        })
        .collect();
    let turned: Vec<StockAvailabilityChanged> = crossings
        .iter()
        .filter(|crossing| crossing.availability_changed)
        .map(|crossing| StockAvailabilityChanged {
            stock_level_id: crossing.id,
            variant_id: crossing.variant_id,
            product_id: crossing.product_id,
            is_available: !crossing.is_out,
        })
        .collect();
    outbox::record_all(tx, clock, &low).await?;
    outbox::record_all(tx, clock, &turned).await?;
    Ok(())
}

pub(crate) const fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Received => "received",
        Kind::Sold => "sold",
        Kind::Returned => "returned",
        Kind::Adjusted => "adjusted",
    }
}
