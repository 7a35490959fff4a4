//! Reservations hold stock for a checkout, for a time.
//!
//! Taking is one conditional statement for all lines, levels locked in id order: all or nothing, and never more than is
//! there. A reservation ends once: consumed by an order, released, or expired. One that is past its time holds until it is
//! taken away: by the sweep, or at once when another shopper would go empty-handed.
//!
//! Locks: reservations first, then levels, each in id order.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, QueryResult, Statement, Value};
use tenancy::TenantTx;

use super::{Error, levels};
use crate::{
    clock::Clock,
    ids::{CheckoutId, OrderId, StockLevelId, VariantId},
    sql,
};

/// Units of a variant that a checkout wants. A variant appears once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    pub variant: VariantId,
    pub quantity: i32,
}

/// Holds all demands for `minutes` by the database's clock. Answers the variants that are short: with any of them the
/// transaction must be dropped, because the others have been taken in it.
///
/// # Errors
/// Postgres is away.
pub async fn reserve(tx: &TenantTx, checkout: CheckoutId, demands: &[Demand], minutes: i32) -> Result<Vec<VariantId>, DbErr> {
    if demands.is_empty() {
        return Ok(Vec::new());
    }
    let variants: Vec<uuid::Uuid> = demands.iter().map(|demand| demand.variant.uuid()).collect();
    let quantities: Vec<i32> = demands.iter().map(|demand| demand.quantity).collect();
    let rows = all(tx, RESERVE, [tx.tenant().into(), checkout.into(), variants.into(), quantities.into(), minutes.into()]).await?;
    let taken = rows.iter().map(|row| row.try_get::<VariantId>("", "variant_id")).collect::<Result<Vec<_>, _>>()?;
    Ok(demands.iter().map(|demand| demand.variant).filter(|variant| !taken.contains(variant)).collect())
}

const RESERVE: &str = "
WITH wanted AS (SELECT * FROM unnest($3::uuid[], $4::integer[]) AS w (variant_id, quantity)),
locked AS MATERIALIZED (
  SELECT l.id, l.variant_id, w.quantity
  FROM stock_levels l
  JOIN locations place ON place.tenant_id = l.tenant_id AND place.id = l.location_id AND place.is_default
  JOIN wanted w ON w.variant_id = l.variant_id
  WHERE l.tenant_id = $1
  ORDER BY l.id FOR UPDATE OF l
),
taken AS (
  UPDATE stock_levels l SET reserved = l.reserved + locked.quantity, updated_at = now()
  FROM locked
  WHERE l.tenant_id = $1 AND l.id = locked.id
    AND (l.backorder = 'allow' OR l.on_hand - l.reserved - l.safety_stock >= locked.quantity)
  RETURNING l.id, l.variant_id, locked.quantity
),
held AS (
  INSERT INTO reservations (tenant_id, id, stock_level_id, checkout_id, quantity, status, expires_at, created_at)
  SELECT $1, gen_random_uuid(), id, $2, quantity, 'held', now() + make_interval(mins => $5), now() FROM taken
)
SELECT variant_id FROM taken";

/// What a checkout still holds, and until when.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub struct Held {
    pub reservations: i64,
    pub until: DateTime<Utc>,
}

/// Holds what the checkout has for `minutes` from now, by the database's clock.
///
/// # Errors
/// Postgres is away.
pub async fn extend(tx: &TenantTx, checkout: CheckoutId, minutes: i32) -> Result<Held, DbErr> {
    let text = "WITH extended AS (
                  UPDATE reservations SET expires_at = now() + make_interval(mins => $3)
                  WHERE tenant_id = $1 AND checkout_id = $2 AND status = 'held' RETURNING id)
                SELECT count(*) AS reservations, now() + make_interval(mins => $3) AS until FROM extended";
    let held = sql::one(tx, text, [tx.tenant().into(), checkout.into(), minutes.into()]).await?;
    held.ok_or_else(|| DbErr::RecordNotFound("a count answers one row".into()))
}

/// How a reservation ends without an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The shopper left or changed their mind.
    Released,
    /// Its time is over.
    Expired,
}

impl Ending {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::Expired => "expired",
        }
    }
}

/// Gives back what a checkout holds.
///
/// # Errors
/// Postgres is away.
pub async fn release(tx: &TenantTx, clock: &Clock, checkout: CheckoutId, ending: Ending) -> Result<(), Error> {
    let sql = format!("{}{GIVE_BACK}", ended("r.checkout_id = $2", "$3"));
    let rows = all(tx, &sql, [tx.tenant().into(), checkout.into(), ending.as_str().into()]).await?;
    levels::note_crossings(tx, clock, &crossing(&rows)?).await
}

/// Takes away what is past its time on these variants, except from checkouts that are being paid. Answers whether
/// anything came free.
///
/// # Errors
/// Postgres is away.
pub async fn expire_due(tx: &TenantTx, clock: &Clock, variants: &[VariantId]) -> Result<bool, Error> {
    let due = "r.expires_at < now()
        AND r.stock_level_id IN (SELECT l.id FROM stock_levels l WHERE l.tenant_id = $1 AND l.variant_id = ANY ($2))
        AND NOT EXISTS (SELECT FROM payments p WHERE p.tenant_id = $1 AND p.checkout_id = r.checkout_id
                        AND p.status IN ('pending', 'requires_action'))";
    let variants: Vec<uuid::Uuid> = variants.iter().map(|variant| variant.uuid()).collect();
    let sql = format!("{}{GIVE_BACK}", ended(due, "$3"));
    let rows = all(tx, &sql, [tx.tenant().into(), variants.into(), Ending::Expired.as_str().into()]).await?;
    levels::note_crossings(tx, clock, &crossing(&rows)?).await?;
    Ok(!rows.is_empty())
}

/// Turns what a checkout holds into a sale: the units leave, the ledger says for which order. Answers how many
/// reservations were consumed.
///
/// # Errors
/// Postgres is away.
pub async fn consume(tx: &TenantTx, clock: &Clock, checkout: CheckoutId, order: OrderId) -> Result<usize, Error> {
    let sql = format!("{}{SELL}", ended("r.checkout_id = $2", "$3"));
    let values = [tx.tenant().into(), checkout.into(), "consumed".into(), order.into(), clock.now().into()];
    let rows = all(tx, &sql, values).await?;
    levels::note_crossings(tx, clock, &crossing(&rows)?).await?;
    let counts = rows.iter().map(|row| row.try_get::<i64>("", "reservations")).collect::<Result<Vec<_>, _>>()?;
    Ok(usize::try_from(counts.iter().sum::<i64>()).unwrap_or(0))
}

/// Ends the held reservations that fit, in id order, and sums what they held per level.
fn ended(which: &str, status: &str) -> String {
    format!(
        "WITH chosen AS MATERIALIZED (
           SELECT r.id FROM reservations r WHERE r.tenant_id = $1 AND r.status = 'held' AND {which} ORDER BY r.id FOR UPDATE OF r
         ),
         ended AS (
           UPDATE reservations r SET status = {status}, ended_at = now() FROM chosen
           WHERE r.tenant_id = $1 AND r.id = chosen.id AND r.status = 'held'
           RETURNING r.stock_level_id, r.quantity
         ),
         freed AS (SELECT stock_level_id, sum(quantity)::integer AS quantity, count(*) AS reservations FROM ended GROUP BY stock_level_id),
         locked AS MATERIALIZED (
           SELECT l.id, freed.quantity, freed.reservations FROM stock_levels l JOIN freed ON freed.stock_level_id = l.id
           WHERE l.tenant_id = $1 ORDER BY l.id FOR UPDATE OF l
         )"
    )
}

/// Whether a level that was just changed may have crossed a line that somebody is told of: most have not, and then there is
/// nothing to note.
macro_rules! crosses {
    () => {
        "coalesce(l.on_hand - l.reserved - l.safety_stock <= l.reorder_point, false) <> (l.low_since IS NOT NULL)
           OR (l.backorder = 'deny' AND l.on_hand - l.reserved - l.safety_stock <= 0) <> (l.out_since IS NOT NULL) AS crosses"
    };
}

const GIVE_BACK: &str = concat!(
    "
UPDATE stock_levels l SET reserved = l.reserved - locked.quantity, updated_at = now()
FROM locked WHERE l.tenant_id = $1 AND l.id = locked.id
RETURNING l.id AS level_id, ",
    crosses!()
);

const SELL: &str = concat!(
    ",
sold AS (
  UPDATE stock_levels l SET reserved = l.reserved - locked.quantity, on_hand = l.on_hand - locked.quantity, updated_at = now()
  FROM locked WHERE l.tenant_id = $1 AND l.id = locked.id
  RETURNING l.id AS level_id, locked.quantity, locked.reservations, ",
    crosses!(),
    "
),
noted AS (
  INSERT INTO stock_movements (tenant_id, id, stock_level_id, kind, quantity, order_id, created_at)
  SELECT $1, gen_random_uuid(), level_id, 'sold', -quantity, $4, $5 FROM sold
)
SELECT level_id, reservations, crosses FROM sold"
);

/// Puts units of a cancelled order back, at the levels they left from.
///
/// # Errors
/// Postgres is away.
pub async fn restock(tx: &TenantTx, clock: &Clock, order: OrderId, reason: &str) -> Result<(), Error> {
    let rows = all(tx, RESTOCK, [tx.tenant().into(), order.into(), reason.into(), clock.now().into()]).await?;
    levels::note_crossings(tx, clock, &crossing(&rows)?).await
}

const RESTOCK: &str = concat!(
    "
WITH out AS (
  SELECT stock_level_id, -sum(quantity)::integer AS quantity FROM stock_movements
  WHERE tenant_id = $1 AND order_id = $2 AND kind IN ('sold', 'returned') GROUP BY stock_level_id HAVING sum(quantity) < 0
),
locked AS MATERIALIZED (
  SELECT l.id, out.quantity FROM stock_levels l JOIN out ON out.stock_level_id = l.id
  WHERE l.tenant_id = $1 ORDER BY l.id FOR UPDATE OF l
),
returned AS (
  UPDATE stock_levels l SET on_hand = l.on_hand + locked.quantity, updated_at = now()
  FROM locked WHERE l.tenant_id = $1 AND l.id = locked.id
  RETURNING l.id AS level_id, locked.quantity, ",
    crosses!(),
    "
),
noted AS (
  INSERT INTO stock_movements (tenant_id, id, stock_level_id, kind, quantity, reason, order_id, created_at)
  SELECT $1, gen_random_uuid(), level_id, 'returned', quantity, $3, $2, $4 FROM returned
)
SELECT level_id, crosses FROM returned"
);

async fn all<const N: usize>(tx: &TenantTx, sql: &str, values: [Value; N]) -> Result<Vec<QueryResult>, DbErr> {
    tx.query_all_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await
}

/// The levels that may have crossed a line.
fn crossing(rows: &[QueryResult]) -> Result<Vec<StockLevelId>, DbErr> {
    let crossing = rows.iter().filter(|row| row.try_get("", "crosses").unwrap_or(true));
    crossing.map(|row| row.try_get("", "level_id")).collect()
}
