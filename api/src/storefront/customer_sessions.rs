use chrono::{DateTime, Utc};
use commerce::{customers::sessions, ids::SessionId};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::Serialize;

use crate::{
    Problem, State,
    context::{Customer, PathId},
    json::{Id, NoContent, Page},
};

pub(super) fn router() -> Router {
    Router::with_path("customer/sessions").get(list).delete(end_others).push(Router::with_path("{id}").delete(end))
}

/// A sign-in that has not ended.
#[derive(Debug, Serialize, ToSchema)]
struct Session {
    id: Id<SessionId>,
    /// Whether this very request was made with it.
    is_current: bool,
    /// What the browser or program called itself.
    user_agent: Option<String>,
    /// The address it was last renewed from.
    address: Option<String>,
    began_at: DateTime<Utc>,
    /// When it was last renewed.
    used_at: DateTime<Utc>,
    /// When it ends unless it is renewed.
    expires_at: DateTime<Utc>,
}

impl Session {
    fn of(listed: sessions::Listed, customer: &Customer) -> Self {
        let sessions::Listed { id, began_at, used_at, expires_at, user_agent, address } = listed;
        Self { is_current: id.uuid() == customer.who.session, id: id.into(), user_agent, address, began_at, used_at, expires_at }
    }
}

/// List the customer's sessions, the last used first.
#[endpoint]
async fn list(customer: Customer) -> Result<Page<Session>, Problem> {
    let tx = customer.db.begin().await?;
    let found = sessions::list(&tx, customer.who.customer).await?;
    Ok(Page::whole(found.into_iter().map(|listed| Session::of(listed, &customer)).collect()))
}

/// End every other session.
///
/// The one that asks goes on.
#[endpoint]
async fn end_others(customer: Customer, state: State) -> Result<NoContent, Problem> {
    let tx = customer.db.begin().await?;
    let ended = sessions::end_others(&tx, customer.who).await?;
    tx.commit().await?;
    state.customer_sessions.forget(ended).await;
    Ok(NoContent)
}

/// End a session.
#[endpoint]
async fn end(customer: Customer, state: State, id: PathId<SessionId>) -> Result<NoContent, Problem> {
    let tx = customer.db.begin().await?;
    sessions::end_one(&tx, customer.who.customer, id.0).await?;
    tx.commit().await?;
    state.customer_sessions.forget([id.0.uuid()]).await;
    Ok(NoContent)
}
