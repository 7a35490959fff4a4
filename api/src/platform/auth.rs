use commerce::{
    identity::{self, sessions},
    text::Email,
};
use salvo::{
    Response, Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::Deserialize;

use crate::{
    Problem, State,
    context::{Body, Device},
    json::{Json, NoContent},
    limits::Door,
    tokens::{self, RefreshToken, Tokens},
};

pub(super) fn router() -> Router {
    Router::with_path("auth")
        .push(Router::with_path("sign-in").post(sign_in))
        .push(Router::with_path("refresh").post(refresh))
        .push(Router::with_path("sign-out").post(sign_out))
}

/// Who signs in.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct SignIn {
    #[garde(skip)]
    #[salvo(schema(value_type = String, max_length = 254))]
    email: Email,
    #[garde(length(min = 1, max = 200))]
    #[salvo(schema(max_length = 200))]
    password: String,
}

/// Sign in as an operator.
#[endpoint]
async fn sign_in(state: State, device: Device, body: Body<SignIn>, res: &mut Response) -> Result<Json<Tokens>, Problem> {
    let SignIn { email, password } = body.0;
    state.limiter.password_for(Door::Operator, email.as_str()).await.admit(res)?;
    let session = identity::sign_in_operator(&state.database.platform(), &state.passwords, (&email, &password), &device.0).await?;
    Ok(Json(tokens::issue(&state, session)?))
}

/// Renew a session.
#[endpoint]
async fn refresh(state: State, device: Device, body: Body<RefreshToken>) -> Result<Json<Tokens>, Problem> {
    let (platform, secret) = (state.database.platform(), state.config.secret.bytes());
    let session = sessions::refresh(&platform, secret, (sessions::Kind::Operator, &body.0.refresh_token), &device.0).await?;
    Ok(Json(tokens::issue(&state, session)?))
}

/// Sign out.
#[endpoint]
async fn sign_out(state: State, body: Body<RefreshToken>) -> Result<NoContent, Problem> {
    let tx = state.database.platform().begin().await?;
    let ended = sessions::end(&tx, sessions::Kind::Operator, &body.0.refresh_token).await?;
    tx.commit().await?;
    if let Some(session) = ended {
        state.sessions.forget(session).await;
    }
    Ok(NoContent)
}
