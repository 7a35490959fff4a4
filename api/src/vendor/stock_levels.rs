use chrono::{DateTime, Utc};
use commerce::{
    ids::{LocationId, MovementId, OrderId, ProductId, StockLevelId, VariantId},
    inventory::{
        levels::{self, Adjustment, LevelChanges},
        movements,
        stock::{self, NamedLevel},
    },
};
use salvo::{
    Router, Writer,
    oapi::{ToParameters, ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::Permission;

use crate::{
    Problem, State,
    context::{Body, Once, Paging, PathId, Query, Replay, Vendor},
    json::{Id, Json, Page, Patch},
};

pub(super) fn router() -> Router {
    let one = Router::with_path("{id}")
        .get(show)
        .patch(update)
        .push(Router::with_path("count").post(count))
        .push(Router::with_path("adjust").post(adjust))
        .push(Router::with_path("movements").get(list_movements));
    Router::with_path("stock-levels").get(list).push(one)
}

/// Counted units of a variant at a location.
#[derive(Debug, Serialize, ToSchema)]
struct StockLevel {
    id: Id<StockLevelId>,
    product_id: Id<ProductId>,
    variant_id: Id<VariantId>,
    location_id: Id<LocationId>,
    product_title: String,
    variant_title: String,
    sku: Option<String>,
    on_hand: i32,
    /// Promised to open checkouts.
    reserved: i32,
    /// Never promised.
    safety_stock: i32,
    /// `on_hand - reserved - safety_stock`.
    available: i32,
    /// At or below it, the store is told once that stock is low.
    reorder_point: Option<i32>,
    backorder: Backorder,
    low_since: Option<DateTime<Utc>>,
    out_since: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

/// Whether more may be sold than is on hand.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Backorder {
    #[default]
    Deny,
    Allow,
}

/// Why units came or went.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum MovementKind {
    Received,
    Sold,
    Returned,
    Adjusted,
}

/// One append-only change of a level.
#[derive(Debug, Serialize, ToSchema)]
struct Movement {
    id: Id<MovementId>,
    kind: MovementKind,
    quantity: i32,
    reason: Option<String>,
    order_id: Option<Id<OrderId>>,
    created_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize, ToParameters, garde::Validate)]
#[serde(deny_unknown_fields)]
#[salvo(parameters(default_parameter_in = Query))]
#[garde(allow_unvalidated)]
struct LevelFilter {
    product: Option<Id<ProductId>>,
    variant: Option<Id<VariantId>>,
    location: Option<Id<LocationId>>,
    /// Only levels at or below their reorder point.
    #[serde(default)]
    low: bool,
    /// How many at most (100).
    #[salvo(parameter(minimum = 1, maximum = 100, default = 24))]
    limit: Option<u64>,
    /// `page.next` of the page before.
    after: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct CountLevel {
    /// Units counted.
    #[garde(range(min = 0, max = 1_000_000))]
    #[salvo(schema(minimum = 0, maximum = 1_000_000))]
    on_hand: i32,
    #[garde(length(chars, min = 1, max = 200))]
    #[serde(default = "counted")]
    reason: String,
}

fn counted() -> String {
    "counted".to_owned()
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct AdjustLevel {
    /// Units that came (positive) or went (negative): a million at most, not 0.
    #[garde(range(min = -1_000_000, max = 1_000_000), custom(not_none))]
    quantity: i32,
    /// `received` for goods that came in, `adjusted` for all else.
    #[garde(skip)]
    #[serde(default)]
    kind: AdjustmentKind,
    #[garde(length(chars, min = 1, max = 200))]
    #[salvo(schema(min_length = 1, max_length = 200))]
    reason: String,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AdjustmentKind {
    Received,
    #[default]
    Adjusted,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is garde's")]
fn not_none(quantity: &i32, (): &()) -> garde::Result {
    if *quantity == 0 { Err(garde::Error::new("must not be 0")) } else { Ok(()) }
}

/// Fields that are absent stay; `null` clears.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct ChangeLevel {
    backorder: Option<Backorder>,
    #[serde(default)]
    #[garde(custom(countable))]
    reorder_point: Patch<i32>,
    #[garde(inner(range(min = 0, max = 1_000_000)))]
    #[salvo(schema(minimum = 0, maximum = 1_000_000))]
    safety_stock: Option<i32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is garde's")]
fn countable(units: &Patch<i32>, (): &()) -> garde::Result {
    match units {
        Patch::Value(units) if !(0..=1_000_000).contains(units) => Err(garde::Error::new("must be between 0 and 1000000")),
        _ => Ok(()),
    }
}

/// List stock levels.
#[endpoint]
async fn list(vendor: Vendor, filter: Query<LevelFilter>) -> Result<Page<StockLevel>, Problem> {
    vendor.require(Permission::ReadStock)?;
    let LevelFilter { product, variant, location, low, limit, after } = filter.0;
    let page = Paging::new(limit, after.as_deref())?.0;
    let filter = stock::Filter { product: product.map(|id| id.0), variant: variant.map(|id| id.0), location: location.map(|id| id.0), low };
    let tx = vendor.db.begin().await?;
    Ok(Page::of(stock::list(&tx, filter, &page).await?))
}

/// Show a stock level.
#[endpoint]
async fn show(vendor: Vendor, id: PathId<StockLevelId>) -> Result<Json<StockLevel>, Problem> {
    vendor.require(Permission::ReadStock)?;
    let tx = vendor.db.begin().await?;
    Ok(Json(stock::find(&tx, id.0).await?.into()))
}

/// Change a level's backorder policy, reorder point or safety stock.
#[endpoint]
async fn update(vendor: Vendor, state: State, id: PathId<StockLevelId>, body: Body<ChangeLevel>) -> Result<Json<StockLevel>, Problem> {
    vendor.require(Permission::WriteStock)?;
    let tx = vendor.db.begin().await?;
    levels::change(&tx, &state.clock, id.0, body.0.into()).await?;
    let level = stock::find(&tx, id.0).await?;
    tx.commit().await?;
    Ok(Json(level.into()))
}

/// Set a level to what was counted. The difference is kept as a movement.
#[endpoint]
async fn count(
    vendor: Vendor,
    state: State,
    id: PathId<StockLevelId>,
    once: Once,
    body: Body<CountLevel>,
) -> Result<Replay<Json<StockLevel>>, Problem> {
    vendor.require(Permission::WriteStock)?;
    let tx = vendor.db.begin().await?;
    if let Some(first) = once.first_answer(&tx).await? {
        return Ok(first);
    }
    levels::set(&tx, &state.clock, id.0, body.0.on_hand, &body.0.reason).await?;
    let level = stock::find(&tx, id.0).await?;
    once.commit(tx, &state.clock, Json(level.into())).await
}

/// Count units in or out.
#[endpoint]
async fn adjust(
    vendor: Vendor,
    state: State,
    id: PathId<StockLevelId>,
    once: Once,
    body: Body<AdjustLevel>,
) -> Result<Replay<Json<StockLevel>>, Problem> {
    vendor.require(Permission::WriteStock)?;
    let tx = vendor.db.begin().await?;
    if let Some(first) = once.first_answer(&tx).await? {
        return Ok(first);
    }
    levels::adjust(&tx, &state.clock, id.0, &body.0.into()).await?;
    let level = stock::find(&tx, id.0).await?;
    once.commit(tx, &state.clock, Json(level.into())).await
}

/// List the movements of a level, the newest first.
#[endpoint]
async fn list_movements(vendor: Vendor, id: PathId<StockLevelId>, paging: Paging) -> Result<Page<Movement>, Problem> {
    vendor.require(Permission::ReadStock)?;
    let tx = vendor.db.begin().await?;
    Ok(Page::of(movements::list(&tx, id.0, &paging.0).await?))
}

impl From<NamedLevel> for StockLevel {
    fn from(level: NamedLevel) -> Self {
        Self {
            id: level.id.into(),
            product_id: level.product_id.into(),
            variant_id: level.variant_id.into(),
            location_id: level.location_id.into(),
            available: level.available(),
            product_title: level.product_title,
            variant_title: level.variant_title,
            sku: level.sku,
            on_hand: level.on_hand,
            reserved: level.reserved,
            safety_stock: level.safety_stock,
            reorder_point: level.reorder_point,
            backorder: level.backorder.into(),
            low_since: level.low_since,
            out_since: level.out_since,
            updated_at: level.updated_at,
        }
    }
}

impl From<movements::Movement> for Movement {
    fn from(movement: movements::Movement) -> Self {
        let kind = match movement.kind {
            movements::Kind::Received => MovementKind::Received,
            movements::Kind::Sold => MovementKind::Sold,
            movements::Kind::Returned => MovementKind::Returned,
            movements::Kind::Adjusted => MovementKind::Adjusted,
        };
        Self {
            id: movement.id.into(),
            kind,
            quantity: movement.quantity,
            reason: movement.reason,
            order_id: movement.order_id.map(Id),
            created_at: movement.created_at,
        }
    }
}

impl From<AdjustLevel> for Adjustment {
    fn from(asked: AdjustLevel) -> Self {
        let kind = match asked.kind {
            AdjustmentKind::Received => movements::Kind::Received,
            AdjustmentKind::Adjusted => movements::Kind::Adjusted,
        };
        Self { quantity: asked.quantity, kind, reason: asked.reason }
    }
}

impl From<ChangeLevel> for LevelChanges {
    fn from(asked: ChangeLevel) -> Self {
        Self { backorder: asked.backorder.map(Into::into), reorder_point: asked.reorder_point.change(), safety_stock: asked.safety_stock }
    }
}

impl From<Backorder> for levels::Backorder {
    fn from(policy: Backorder) -> Self {
        match policy {
            Backorder::Deny => Self::Deny,
            Backorder::Allow => Self::Allow,
        }
    }
}

impl From<levels::Backorder> for Backorder {
    fn from(policy: levels::Backorder) -> Self {
        match policy {
            levels::Backorder::Deny => Self::Deny,
            levels::Backorder::Allow => Self::Allow,
        }
    }
}
