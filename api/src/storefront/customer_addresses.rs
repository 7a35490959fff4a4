use chrono::{DateTime, Utc};
use commerce::{
    customers::addresses::{self, AddressChanges, Kept, NewAddress},
    ids::AddressId,
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};

use crate::{
    Problem, State,
    context::{Body, Customer, PathId},
    json::{Address, Created, Id, Json, NoContent, Page},
};

pub(super) fn router() -> Router {
    let one = Router::with_path("{id}").get(show).patch(update).delete(delete);
    Router::with_path("customer/addresses").get(list).post(create).push(one)
}

/// An address of the customer's book.
#[derive(Debug, Serialize, ToSchema)]
struct BookedAddress {
    id: Id<AddressId>,
    address: Address,
    is_default_shipping: bool,
    is_default_billing: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct CreateAddress {
    address: Address,
    /// Takes the place of the one that was it. The first address is the default for both.
    #[serde(default)]
    is_default_shipping: bool,
    #[serde(default)]
    is_default_billing: bool,
}

/// What may change. Absent leaves; an address is given whole.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct ChangeAddress {
    address: Option<Address>,
    is_default_shipping: Option<bool>,
    is_default_billing: Option<bool>,
}

/// List the customer's addresses, the oldest first.
///
/// Twenty at most, always given whole.
#[endpoint]
async fn list(customer: Customer) -> Result<Page<BookedAddress>, Problem> {
    let tx = customer.db.begin().await?;
    Ok(Page::whole(addresses::list(&tx, customer.who.customer).await?.into_iter().map(Into::into).collect()))
}

/// Add an address.
///
/// 409 `customers.too_many_addresses` where the book holds twenty.
#[endpoint]
async fn create(customer: Customer, state: State, body: Body<CreateAddress>) -> Result<Created<BookedAddress>, Problem> {
    let CreateAddress { address, is_default_shipping, is_default_billing } = body.0;
    let new = NewAddress { address: address.into(), is_default_shipping, is_default_billing };
    let tx = customer.db.begin().await?;
    let made = addresses::add(&tx, &state.clock, customer.who.customer, new).await?;
    tx.commit().await?;
    Ok(Created::at(format!("/storefront/v1/customer/addresses/{}", made.id), made.into()))
}

/// Show an address.
#[endpoint]
async fn show(customer: Customer, id: PathId<AddressId>) -> Result<Json<BookedAddress>, Problem> {
    let tx = customer.db.begin().await?;
    Ok(Json(addresses::find(&tx, customer.who.customer, id.0).await?.into()))
}

/// Change an address.
///
/// Orders and checkouts keep the one that they were given.
#[endpoint]
async fn update(
    customer: Customer,
    state: State,
    id: PathId<AddressId>,
    body: Body<ChangeAddress>,
) -> Result<Json<BookedAddress>, Problem> {
    let ChangeAddress { address, is_default_shipping, is_default_billing } = body.0;
    let changes = AddressChanges { address: address.map(Into::into), is_default_shipping, is_default_billing };
    let tx = customer.db.begin().await?;
    let changed = addresses::change(&tx, &state.clock, (customer.who.customer, id.0), changes).await?;
    tx.commit().await?;
    Ok(Json(changed.into()))
}

/// Remove an address.
#[endpoint]
async fn delete(customer: Customer, id: PathId<AddressId>) -> Result<NoContent, Problem> {
    let tx = customer.db.begin().await?;
    addresses::remove(&tx, customer.who.customer, id.0).await?;
    tx.commit().await?;
    Ok(NoContent)
}

impl From<Kept> for BookedAddress {
    fn from(kept: Kept) -> Self {
        let Kept { id, address, is_default_shipping, is_default_billing, created_at, updated_at } = kept;
        Self { id: id.into(), address: address.into(), is_default_shipping, is_default_billing, created_at, updated_at }
    }
}
