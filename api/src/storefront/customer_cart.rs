use commerce::customers;
use salvo::{Router, Writer, oapi::endpoint};

use super::carts::Cart;
use crate::{Problem, State, context::Customer, json::Json};

pub(super) fn router() -> Router {
    Router::with_path("customer/cart").get(show)
}

/// Show the customer's cart, priced as of now.
///
/// It goes with them from device to device, until it is bought; then the next one is empty. It is changed as any cart is, by its id
/// and with the customer's token.
#[endpoint]
async fn show(customer: Customer, state: State) -> Result<Json<Cart>, Problem> {
    Ok(Json(customers::current_cart(&customer.db, &state.carts, &customer.store, customer.who.customer).await?.into()))
}
