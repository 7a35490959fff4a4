//! A customer's own account: name, consent, password, address.

use chrono::{DateTime, Utc};
use commerce::{
    customers::{self, CustomerChanges},
    ids::CustomerId,
    text::Email,
};
use salvo::{
    Response, Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::customer_auth::until_next_step;
use crate::{
    Problem, State,
    context::{self, Body},
    json::{Id, Json, NoContent},
    limits::Door,
};

pub(super) fn router() -> Router {
    Router::with_path("customer")
        .get(show)
        .patch(change)
        .push(Router::with_path("verification").post(request_verification))
        .push(Router::with_path("verify-email").post(verify_email))
        .push(Router::with_path("password").post(change_password))
        .push(Router::with_path("email").post(request_email).push(Router::with_path("confirm").post(change_email)))
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
struct Customer {
    id: Id<CustomerId>,
    email: String,
    /// When the address was proved; absent until then.
    email_verified_at: Option<DateTime<Utc>>,
    name: String,
    /// Whether there is one; who signs in by other providers alone has none until they choose one.
    has_password: bool,
    /// Whether the store may send news.
    accepts_marketing: bool,
    /// When that was decided; absent while nobody has asked.
    marketing_decided_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

/// What may change. Absent leaves.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct ChangeCustomer {
    #[garde(inner(length(chars, min = 1, max = 100)))]
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: Option<String>,
    #[garde(skip)]
    accepts_marketing: Option<bool>,
}

/// A code from a mail.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct Code {
    #[garde(length(max = 100))]
    #[salvo(schema(max_length = 100))]
    code: String,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct ChangePassword {
    /// Left out by who has none: they have signed in within the last ten minutes.
    #[garde(inner(length(max = 200)))]
    #[salvo(schema(max_length = 200))]
    current_password: Option<String>,
    #[garde(length(chars, max = 200))]
    #[salvo(schema(min_length = 10, max_length = 200))]
    password: String,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct ChangeEmail {
    /// Left out by who has none: they have signed in within the last ten minutes.
    #[garde(inner(length(max = 200)))]
    #[salvo(schema(max_length = 200))]
    current_password: Option<String>,
    /// The address to be.
    #[garde(skip)]
    #[salvo(schema(value_type = String, max_length = 254))]
    email: Email,
}

/// Show who is signed in.
#[endpoint]
async fn show(customer: context::Customer) -> Result<Json<Customer>, Problem> {
    let tx = customer.db.begin().await?;
    Ok(Json(customers::find(&tx, customer.who.customer).await?.into()))
}

/// Change the name, or the consent to news.
///
/// A consent that changes carries the time at which it did.
#[endpoint]
async fn change(customer: context::Customer, state: State, body: Body<ChangeCustomer>) -> Result<Json<Customer>, Problem> {
    let changes = CustomerChanges { name: body.0.name, accepts_marketing: body.0.accepts_marketing };
    let tx = customer.db.begin().await?;
    let changed = customers::change(&tx, &state.clock, customer.who.customer, changes).await?;
    tx.commit().await?;
    Ok(Json(changed.into()))
}

/// Ask for another code that proves the address.
///
/// It is mailed to the customer's address; five an hour at most.
#[endpoint]
async fn request_verification(customer: context::Customer, state: State) -> Result<NoContent, Problem> {
    customers::request_verification(&customer.db, &state.clock, customer.who).await?;
    Ok(NoContent)
}

/// Prove the address.
///
/// With the code that was mailed to it, by whoever is signed in: neither is enough alone. Orders that were placed with the address
/// by guests are the customer's from then on.
#[endpoint]
async fn verify_email(customer: context::Customer, state: State, body: Body<Code>) -> Result<NoContent, Problem> {
    customers::verify_email(&customer.db, &state.clock, &state.codes, customer.who, &body.0.code).await?;
    Ok(NoContent)
}

/// Change the password, or choose a first one.
///
/// Ends every other session; a mail tells of it.
#[endpoint]
async fn change_password(
    customer: context::Customer,
    state: State,
    body: Body<ChangePassword>,
    res: &mut Response,
) -> Result<NoContent, Problem> {
    state.limiter.password_for(Door::Customer, &customer.who.customer.to_string()).await.admit(res)?;
    let given = (body.0.current_password.as_deref(), body.0.password.as_str());
    let ended = customers::change_password(&customer.db, &state.passwords, &state.clock, customer.who, given).await?;
    state.customer_sessions.forget(ended).await;
    Ok(NoContent)
}

/// Ask for another address.
///
/// A code is mailed to the new one, and the old one is told. Nothing changes until the code comes back.
#[endpoint]
async fn request_email(
    customer: context::Customer,
    state: State,
    body: Body<ChangeEmail>,
    res: &mut Response,
) -> Result<NoContent, Problem> {
    let asked_at = Instant::now();
    state.limiter.password_for(Door::Customer, &customer.who.customer.to_string()).await.admit(res)?;
    let given = (body.0.current_password.as_deref(), &body.0.email);
    customers::request_email_change(&customer.db, &state.passwords, &state.clock, customer.who, given).await?;
    until_next_step(asked_at).await;
    Ok(NoContent)
}

/// Change the address.
///
/// With the code that was mailed to the new one. Ends every other session; orders that were placed with the new address by guests
/// are the customer's from then on.
#[endpoint]
async fn change_email(customer: context::Customer, state: State, body: Body<Code>) -> Result<NoContent, Problem> {
    let ended = customers::change_email(&customer.db, &state.clock, &state.codes, customer.who, &body.0.code).await?;
    state.customer_sessions.forget(ended).await;
    Ok(NoContent)
}

impl From<customers::Customer> for Customer {
    fn from(customer: customers::Customer) -> Self {
        let has_password = customer.has_password();
        Self {
            id: customer.id.into(),
            email: customer.email,
            email_verified_at: customer.email_verified_at,
            has_password,
            name: customer.name,
            accepts_marketing: customer.accepts_marketing,
            marketing_decided_at: customer.marketing_decided_at,
            created_at: customer.created_at,
        }
    }
}
