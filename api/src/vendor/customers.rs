use chrono::{DateTime, Utc};
use commerce::{
    customers::{self, NoteChanges, addresses},
    ids::CustomerId,
    text::Email,
};
use salvo::{
    Router, Writer,
    oapi::{ToParameters, ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::{Permission, TenantTx};

use crate::{
    Problem, State,
    context::{Body, IfMatch, Paging, PathId, Query, Vendor},
    json::{Address, Id, Money, Page, Patch, Tagged},
};

pub(super) fn router() -> Router {
    Router::with_path("customers").get(list).push(Router::with_path("{id}").get(show).patch(update))
}

/// A customer of a list.
#[derive(Debug, Serialize, ToSchema)]
struct ListedCustomer {
    id: Id<CustomerId>,
    email: String,
    /// When the address was proved; absent until then.
    email_verified_at: Option<DateTime<Utc>>,
    name: String,
    accepts_marketing: bool,
    created_at: DateTime<Utc>,
}

/// A customer with what they have bought.
#[derive(Debug, Serialize, ToSchema)]
struct Customer {
    id: Id<CustomerId>,
    email: String,
    /// When the address was proved; absent until then.
    email_verified_at: Option<DateTime<Utc>>,
    name: String,
    /// Whether the store may send news.
    accepts_marketing: bool,
    /// When the customer last decided that; absent while nobody has asked.
    marketing_decided_at: Option<DateTime<Utc>>,
    /// The store's own words. The customer reads them only in a copy of all their data, which the law gives them.
    note: Option<String>,
    addresses: Vec<CustomerAddress>,
    /// All that were placed.
    orders: i64,
    cancelled_orders: i64,
    /// One for each currency: what was placed less what was cancelled.
    totals: Vec<Money>,
    last_order_at: Option<DateTime<Utc>>,
    /// Since when nobody signs in: the customer asked to be forgotten.
    closed_at: Option<DateTime<Utc>>,
    /// Since when nothing tells who it was.
    erased_at: Option<DateTime<Utc>>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, ToSchema)]
struct CustomerAddress {
    address: Address,
    is_default_shipping: bool,
    is_default_billing: bool,
}

#[derive(Debug, Deserialize, ToParameters, garde::Validate)]
#[serde(deny_unknown_fields)]
#[salvo(parameters(default_parameter_in = Query))]
#[garde(allow_unvalidated)]
struct Filter {
    /// Only the customer of this address, if there is one.
    #[salvo(parameter(value_type = Option<String>, max_length = 254))]
    email: Option<Email>,
    #[salvo(parameter(minimum = 1, maximum = 100, default = 24))]
    limit: Option<u64>,
    /// `page.next` of the page before.
    after: Option<String>,
}

/// What may change. Absent leaves, `null` clears.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct ChangeCustomer {
    #[garde(inner(length(chars, min = 1, max = 100)))]
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: Option<String>,
    #[garde(skip)]
    #[serde(default)]
    #[salvo(schema(value_type = Option<String>, max_length = 2000))]
    note: Patch<String>,
}

/// List customers, the newest first.
#[endpoint]
async fn list(vendor: Vendor, filter: Query<Filter>) -> Result<Page<ListedCustomer>, Problem> {
    vendor.require(Permission::ReadCustomers)?;
    let page = Paging::new(filter.0.limit, filter.0.after.as_deref())?.0;
    let tx = vendor.db.begin().await?;
    Ok(Page::of(customers::list(&tx, filter.0.email.as_ref(), &page).await?))
}

/// Show a customer with what they have bought.
#[endpoint]
async fn show(vendor: Vendor, id: PathId<CustomerId>) -> Result<Tagged<Customer>, Problem> {
    vendor.require(Permission::ReadCustomers)?;
    let tx = vendor.db.begin().await?;
    let customer = customers::find(&tx, id.0).await?;
    Customer::load(&tx, customer).await
}

/// Correct a customer's name, or note something.
///
/// What they sign in with, and their consent, only they change.
#[endpoint]
async fn update(
    vendor: Vendor,
    state: State,
    id: PathId<CustomerId>,
    if_match: IfMatch,
    body: Body<ChangeCustomer>,
) -> Result<Tagged<Customer>, Problem> {
    vendor.require(Permission::WriteCustomers)?;
    let changes = NoteChanges { name: body.0.name, note: body.0.note.change() };
    let tx = vendor.db.begin().await?;
    let changed = customers::change_by_vendor(&tx, &state.clock, (id.0, if_match.version()), changes).await?;
    let answer = Customer::load(&tx, changed).await?;
    tx.commit().await?;
    Ok(answer)
}

impl Customer {
    async fn load(tx: &TenantTx, customer: customers::Customer) -> Result<Tagged<Self>, Problem> {
        let figures = customers::figures(tx, customer.id).await?;
        let addresses = addresses::list(tx, customer.id).await?.into_iter().map(|kept| CustomerAddress {
            address: kept.address.into(),
            is_default_shipping: kept.is_default_shipping,
            is_default_billing: kept.is_default_billing,
        });
        let body = Self {
            id: customer.id.into(),
            email: customer.email,
            email_verified_at: customer.email_verified_at,
            name: customer.name,
            accepts_marketing: customer.accepts_marketing,
            marketing_decided_at: customer.marketing_decided_at,
            note: customer.note,
            addresses: addresses.collect(),
            orders: figures.orders,
            cancelled_orders: figures.cancelled_orders,
            totals: figures.totals.into_iter().map(Money).collect(),
            last_order_at: figures.last_order_at,
            closed_at: customer.closed_at,
            erased_at: customer.erased_at,
            version: customer.version,
            created_at: customer.created_at,
            updated_at: customer.updated_at,
        };
        Ok(Tagged { version: customer.version, body })
    }
}

impl From<customers::Customer> for ListedCustomer {
    fn from(customer: customers::Customer) -> Self {
        Self {
            id: customer.id.into(),
            email: customer.email,
            email_verified_at: customer.email_verified_at,
            name: customer.name,
            accepts_marketing: customer.accepts_marketing,
            created_at: customer.created_at,
        }
    }
}
