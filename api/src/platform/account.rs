//! An operator's own account: password and sessions. Authenticators are the command line's business (`stoa-api operator`).

use chrono::{DateTime, Utc};
use commerce::{
    identity::{operators, second_factors::Subject, sessions},
    ids::SessionId,
};
use salvo::{
    Response, Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::OperatorId;

use crate::{
    Problem, State,
    context::{Body, Operator, PathId},
    json::{Id, Json, NoContent},
    limits::Door,
};

pub(super) fn router() -> Router {
    Router::with_path("account")
        .get(show)
        .push(Router::with_path("password").post(change_password))
        .push(Router::with_path("sessions").get(list).delete(end_others).push(Router::with_path("{id}").delete(end)))
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "OperatorAccount"))]
struct Account {
    id: Id<OperatorId>,
    email: String,
    name: String,
    created_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct ChangePassword {
    #[garde(length(max = 200))]
    #[salvo(schema(max_length = 200))]
    current_password: String,
    /// Six digits of the authenticator, or a recovery code.
    #[garde(length(max = 40))]
    #[salvo(schema(max_length = 40))]
    code: String,
    #[garde(length(chars, max = 200))]
    #[salvo(schema(min_length = 10, max_length = 200))]
    password: String,
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

#[derive(Debug, Serialize, ToSchema)]
struct Sessions {
    data: Vec<Session>,
}

/// Show the operator.
#[endpoint]
async fn show(operator: Operator) -> Result<Json<Account>, Problem> {
    let tx = operator.platform.begin().await?;
    let operators::Operator { id, email, name, created_at, .. } = operators::find(&tx, operator.id).await?;
    Ok(Json(Account { id: id.into(), email, name, created_at }))
}

/// Change the password.
///
/// Ends every other session.
#[endpoint]
async fn change_password(operator: Operator, state: State, body: Body<ChangePassword>, res: &mut Response) -> Result<NoContent, Problem> {
    let ChangePassword { current_password, code, password } = body.0;
    state.limiter.password_for(Door::Operator, &operator.id.to_string()).await.admit(res)?;
    let (who, given) = ((operator.id, operator.session), (current_password.as_str(), code.as_str(), password.as_str()));
    let ended = operators::change_password(&operator.platform, &state.passwords, state.means(), who, given).await?;
    state.sessions.forget_all(ended).await;
    Ok(NoContent)
}

/// List the operator's sessions.
#[endpoint]
async fn list(operator: Operator) -> Result<Json<Sessions>, Problem> {
    let tx = operator.platform.begin().await?;
    let shown = |it: sessions::Listed| Session {
        is_current: it.id.uuid() == operator.session,
        id: it.id.into(),
        user_agent: it.user_agent,
        address: it.address,
        began_at: it.began_at,
        used_at: it.used_at,
        expires_at: it.expires_at,
    };
    Ok(Json(Sessions { data: sessions::list(&tx, Subject::Operator(operator.id)).await?.into_iter().map(shown).collect() }))
}

/// End every other session.
///
/// The one that asks goes on.
#[endpoint]
async fn end_others(operator: Operator, state: State) -> Result<NoContent, Problem> {
    let tx = operator.platform.begin().await?;
    let ended = sessions::end_others(&tx, operator.id.uuid(), Some(operator.session)).await?;
    tx.commit().await?;
    state.sessions.forget_all(ended).await;
    Ok(NoContent)
}

/// End a session.
#[endpoint]
async fn end(operator: Operator, state: State, id: PathId<SessionId>) -> Result<NoContent, Problem> {
    let tx = operator.platform.begin().await?;
    sessions::end_one(&tx, operator.id.uuid(), id.0).await?;
    tx.commit().await?;
    state.sessions.forget(id.0.uuid()).await;
    Ok(NoContent)
}
