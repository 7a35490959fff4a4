use commerce::{
    identity::{self, sessions},
    text::Email,
};
use salvo::{
    Response, Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};

use crate::{
    Problem, State,
    context::Body,
    json::{Json, NoContent},
    tokens::{self, RefreshToken, Tokens},
};

pub(super) fn router() -> Router {
    Router::with_path("auth")
        .push(Router::with_path("sign-in").post(sign_in))
        .push(Router::with_path("refresh").post(refresh))
        .push(Router::with_path("sign-out").post(sign_out))
}

/// Who signs in, and to which store.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct SignIn {
    #[garde(skip)]
    #[salvo(schema(value_type = String, max_length = 254))]
    email: Email,
    #[garde(length(min = 1, max = 200))]
    #[salvo(schema(max_length = 200))]
    password: String,
    /// The store's slug; needed by accounts that work in several.
    #[garde(inner(length(max = 40)))]
    #[salvo(schema(max_length = 40))]
    store: Option<String>,
}

/// A session in one store.
#[derive(Debug, Serialize, ToSchema)]
struct SignedIn {
    #[serde(flatten)]
    tokens: Tokens,
    /// The store's slug.
    store: String,
    role: String,
}

/// Sign in.
///
/// An unknown e-mail and a wrong password are answered alike.
#[endpoint]
async fn sign_in(state: State, body: Body<SignIn>, res: &mut Response) -> Result<Json<SignedIn>, Problem> {
    let SignIn { email, password, store } = body.0;
    state.limiter.password_for(email.as_str()).await.admit(res)?;
    let platform = state.database.platform();
    let signed_in = identity::sign_in(&platform, &state.passwords, (&email, &password), store.as_deref()).await?;
    let tokens = tokens::issue(&state, signed_in.session)?;
    Ok(Json(SignedIn { tokens, store: signed_in.membership.slug, role: signed_in.membership.role.to_string() }))
}

/// Renew a session.
#[endpoint]
async fn refresh(state: State, body: Body<RefreshToken>) -> Result<Json<Tokens>, Problem> {
    let (platform, secret) = (state.database.platform(), state.config.secret.bytes());
    let session = sessions::refresh(&platform, secret, sessions::Kind::Account, &body.0.refresh_token).await?;
    Ok(Json(tokens::issue(&state, session)?))
}

/// Sign out.
///
/// Ends the session: its refresh token at once, its access token within half a minute.
#[endpoint]
async fn sign_out(state: State, body: Body<RefreshToken>) -> Result<NoContent, Problem> {
    let tx = state.database.platform().begin().await?;
    let ended = sessions::end(&tx, sessions::Kind::Account, &body.0.refresh_token).await?;
    tx.commit().await?;
    if let Some(session) = ended {
        state.sessions.forget(session).await;
    }
    Ok(NoContent)
}
