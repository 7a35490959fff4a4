//! People's data, as the store answers for it: how long it is kept, and who was forgotten.

use chrono::{DateTime, Utc};
use commerce::{
    ids::{CustomerId, ErasureId},
    privacy::{
        self, AskedBy,
        rules::{self, RulesChanges},
    },
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::Permission;

use crate::{
    Problem, State,
    context::{Body, IfMatch, Paging, PathId, Vendor},
    json::{Accepted, Id, Json, Page, Tagged},
};

pub(super) fn router() -> Router {
    let erasures = Router::with_path("erasures").get(list).push(Router::with_path("{id}").get(show_erasure));
    Router::new()
        .push(Router::with_path("privacy").get(show).patch(update).push(erasures))
        .push(Router::with_path("customers/{id}/erasure").post(erase))
}

/// For how many days the store keeps what names people.
#[derive(Debug, Serialize, ToSchema)]
struct PrivacyRules {
    /// Names, e-mails and addresses on orders that have ended, from when they were placed. Country, region and the beginning of the
    /// postcode stay, for taxes. What the law wants of invoices is the store's to know; ten years unless it says otherwise.
    order_contact_days: i32,
    /// E-mails and addresses of checkouts that ended, whether in an order or not.
    closed_checkout_days: i32,
    /// Copies of their data that customers asked for.
    export_days: i32,
    version: i64,
}

/// What may change. Absent leaves.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct ChangePrivacyRules {
    #[garde(inner(range(min = 0, max = 36500)))]
    #[salvo(schema(minimum = 0, maximum = 36500))]
    order_contact_days: Option<i32>,
    #[garde(inner(range(min = 1, max = 3650)))]
    #[salvo(schema(minimum = 1, maximum = 3650))]
    closed_checkout_days: Option<i32>,
    #[garde(inner(range(min = 1, max = 30)))]
    #[salvo(schema(minimum = 1, maximum = 30))]
    export_days: Option<i32>,
}

/// The receipt of an erasure: how much was found, and nothing of what.
#[derive(Debug, Serialize, ToSchema)]
struct Erasure {
    id: Id<ErasureId>,
    /// Who is nobody any more.
    customer_id: Id<CustomerId>,
    /// `customer` or `vendor`.
    asked_by: &'static str,
    asked_at: DateTime<Utc>,
    /// Absent while it is on its way.
    done_at: Option<DateTime<Utc>>,
    /// The last time: a backup that is restored is erased again.
    applied_at: Option<DateTime<Utc>>,
    orders: i64,
    checkouts: i64,
    carts: i64,
    addresses: i64,
    audit_entries: i64,
}

/// Show how long the store keeps what names people.
#[endpoint]
async fn show(vendor: Vendor) -> Result<Tagged<PrivacyRules>, Problem> {
    vendor.require(Permission::ReadSettings)?;
    let tx = vendor.db.begin().await?;
    Ok(rules::find(&tx).await?.into())
}

/// Change how long the store keeps what names people.
///
/// It holds for what is there already: what is kept no longer is gone within hours, and does not come back.
#[endpoint]
async fn update(vendor: Vendor, state: State, if_match: IfMatch, body: Body<ChangePrivacyRules>) -> Result<Tagged<PrivacyRules>, Problem> {
    vendor.require(Permission::WriteSettings)?;
    vendor.fresh().await?;
    let ChangePrivacyRules { order_contact_days, closed_checkout_days, export_days } = body.0;
    let changes = RulesChanges { order_contact_days, closed_checkout_days, export_days };
    let tx = vendor.db.begin().await?;
    let changed = rules::change(&tx, &state.clock, if_match.version(), changes).await?;
    tx.commit().await?;
    Ok(changed.into())
}

/// List who was forgotten, those last asked for first.
#[endpoint]
async fn list(vendor: Vendor, page: Paging) -> Result<Page<Erasure>, Problem> {
    vendor.require(Permission::ReadCustomers)?;
    let tx = vendor.db.begin().await?;
    Ok(Page::of(privacy::list_erasures(&tx, &page.0).await?))
}

/// Show the receipt of an erasure.
#[endpoint]
async fn show_erasure(vendor: Vendor, id: PathId<ErasureId>) -> Result<Json<Erasure>, Problem> {
    vendor.require(Permission::ReadCustomers)?;
    let tx = vendor.db.begin().await?;
    Ok(Json(privacy::find_erasure(&tx, id.0).await?.into()))
}

/// Have a customer forgotten.
///
/// As when they ask for it themselves: nobody signs in as them from here on, and the rest follows within minutes. It cannot be
/// undone, so that a person must have proved who they are within the last ten minutes (`/account/step-up`). Asked again it answers
/// the same receipt.
#[endpoint]
async fn erase(vendor: Vendor, state: State, id: PathId<CustomerId>) -> Result<Accepted<Erasure>, Problem> {
    vendor.require(Permission::WriteCustomers)?;
    vendor.fresh().await?;
    let tx = vendor.db.begin().await?;
    let (erasure, ended) = privacy::ask_for_erasure(&tx, &state.clock, id.0, AskedBy::Vendor).await?;
    tx.commit().await?;
    state.customer_sessions.forget(ended).await;
    Ok(Accepted::at(format!("/vendor/v1/privacy/erasures/{}", erasure.id), erasure.into()))
}

impl From<rules::Rules> for Tagged<PrivacyRules> {
    fn from(rules: rules::Rules) -> Self {
        let rules::Rules { order_contact_days, closed_checkout_days, export_days, version } = rules;
        Self { version, body: PrivacyRules { order_contact_days, closed_checkout_days, export_days, version } }
    }
}

impl From<privacy::Erasure> for Erasure {
    fn from(erasure: privacy::Erasure) -> Self {
        Self {
            id: erasure.id.into(),
            customer_id: erasure.customer_id.into(),
            asked_by: erasure.asked_by.as_str(),
            asked_at: erasure.asked_at,
            done_at: erasure.done_at,
            applied_at: erasure.applied_at,
            orders: erasure.orders,
            checkouts: erasure.checkouts,
            carts: erasure.carts,
            addresses: erasure.addresses,
            audit_entries: erasure.audit_entries,
        }
    }
}
