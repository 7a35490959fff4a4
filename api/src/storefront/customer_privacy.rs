//! What a customer may have of their own data: a copy, or an end.

use chrono::{DateTime, Utc};
use commerce::{
    ids::{ErasureId, ExportId},
    privacy::{self, exports},
};
use salvo::{
    Response, Router, Writer,
    http::{HeaderValue, header},
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};

use crate::{
    Problem, State,
    context::{Body, Customer, PathId},
    json::{Accepted, Id, Json, Page},
    limits::Door,
};

pub(super) fn router() -> Router {
    let one = Router::with_path("{id}").get(show).push(Router::with_path("download").get(download));
    Router::with_path("customer")
        .push(Router::with_path("erasure").post(erase))
        .push(Router::with_path("exports").get(list).post(export).push(one))
}

/// Proof that whoever is signed in is the customer.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct Proof {
    /// Left out by who has none: they have signed in within the last ten minutes.
    #[garde(inner(length(max = 200)))]
    #[salvo(schema(max_length = 200))]
    current_password: Option<String>,
}

/// What stays to prove that somebody asked to be forgotten.
#[derive(Debug, Serialize, ToSchema)]
struct Receipt {
    id: Id<ErasureId>,
    asked_at: DateTime<Utc>,
}

/// A copy of all that the store knows of the customer.
#[derive(Debug, Serialize, ToSchema)]
struct Export {
    id: Id<ExportId>,
    /// `pending` while it is being made, then `ready`.
    status: &'static str,
    asked_at: DateTime<Utc>,
    ready_at: Option<DateTime<Utc>>,
    /// Then it is deleted.
    expires_at: DateTime<Utc>,
}

/// Be forgotten.
///
/// The account is closed and all sessions end at once; within minutes everything that tells who the customer was is gone, and the
/// address is free again. Orders stay without e-mail and telephone, and keep names and addresses for as long as the law wants them
/// on invoices and parcels need them. A last mail carries the receipt.
#[endpoint]
async fn erase(customer: Customer, state: State, body: Body<Proof>, res: &mut Response) -> Result<Accepted<Receipt>, Problem> {
    state.limiter.password_for(Door::Customer, &customer.who.customer.to_string()).await.admit(res)?;
    let password = body.0.current_password.as_deref();
    let (erasure, ended) = privacy::request_erasure(&customer.db, &state.passwords, &state.clock, customer.who, password).await?;
    state.customer_sessions.forget(ended).await;
    let receipt = Receipt { id: erasure.id.into(), asked_at: erasure.asked_at };
    Ok(Accepted::at("/storefront/v1/customer", receipt))
}

/// Ask for a copy of all that the store knows of the customer.
///
/// A mail says when it is ready. One at a time, three a day.
#[endpoint]
async fn export(customer: Customer, state: State, body: Body<Proof>, res: &mut Response) -> Result<Accepted<Export>, Problem> {
    state.limiter.password_for(Door::Customer, &customer.who.customer.to_string()).await.admit(res)?;
    let password = body.0.current_password.as_deref();
    let asked = exports::request(&customer.db, &state.passwords, &state.clock, customer.who, password).await?;
    Ok(Accepted::at(format!("/storefront/v1/customer/exports/{}", asked.id), asked.into()))
}

/// List the customer's copies, the last asked for first.
#[endpoint]
async fn list(customer: Customer) -> Result<Page<Export>, Problem> {
    let tx = customer.db.begin().await?;
    Ok(Page::whole(exports::list(&tx, customer.who.customer).await?.into_iter().map(Into::into).collect()))
}

/// Show how far a copy is.
#[endpoint]
async fn show(customer: Customer, id: PathId<ExportId>) -> Result<Json<Export>, Problem> {
    let tx = customer.db.begin().await?;
    Ok(Json(exports::find(&tx, customer.who.customer, id.0).await?.into()))
}

/// Download a copy.
///
/// One JSON document, in the words of this API: profile, consents, addresses, sessions, cart, checkouts, orders, and what happened.
#[endpoint]
async fn download(customer: Customer, id: PathId<ExportId>, res: &mut Response) -> Result<Json<serde_json::Value>, Problem> {
    let tx = customer.db.begin().await?;
    let copy = exports::read(&tx, customer.who.customer, id.0).await?;
    let name = HeaderValue::from_static("attachment; filename=\"my-data.json\"");
    res.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    Ok(Json(copy))
}

impl From<exports::Export> for Export {
    fn from(made: exports::Export) -> Self {
        Self {
            id: made.id.into(),
            status: if made.ready_at.is_some() { "ready" } else { "pending" },
            asked_at: made.asked_at,
            ready_at: made.ready_at,
            expires_at: made.expires_at,
        }
    }
}
