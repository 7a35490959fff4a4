use commerce::{
    cart::MAX_QUANTITY,
    ids::{CartId, CartLineId},
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::Deserialize;

use super::carts::{AddLine, Cart};
use crate::{
    Problem, State,
    context::{Body, PathId, Shopper},
    json::Json,
};

/// Below `carts/{cart}`.
pub(super) fn router() -> Router {
    Router::with_path("lines").post(create).push(Router::with_path("{line}").patch(update).delete(delete))
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct ChangeLine {
    #[garde(range(min = 1, max = MAX_QUANTITY))]
    #[salvo(schema(minimum = 1, maximum = 10000))]
    quantity: u32,
}

/// Add a quantity of a variant.
///
/// A variant has one line: what is added to it merges.
#[endpoint]
async fn create(shopper: Shopper, state: State, cart: PathId<CartId>, body: Body<AddLine>) -> Result<Json<Cart>, Problem> {
    Ok(Json(shopper.carts(&state).add_line(&shopper.db, cart.0, body.0.into()).await?.into()))
}

/// Set the quantity of a line.
#[endpoint]
async fn update(
    shopper: Shopper,
    state: State,
    cart: PathId<CartId>,
    line: PathId<CartLineId>,
    body: Body<ChangeLine>,
) -> Result<Json<Cart>, Problem> {
    Ok(Json(shopper.carts(&state).change_line(&shopper.db, cart.0, line.0, body.0.quantity).await?.into()))
}

/// Remove a line.
#[endpoint]
async fn delete(shopper: Shopper, state: State, cart: PathId<CartId>, line: PathId<CartLineId>) -> Result<Json<Cart>, Problem> {
    Ok(Json(shopper.carts(&state).remove_line(&shopper.db, cart.0, line.0).await?.into()))
}
