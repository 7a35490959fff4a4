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
    context::{Body, Device},
    json::{Json, NoContent},
    limits::Door,
    tokens::{self, RefreshToken, Tokens},
};

pub(super) fn router() -> Router {
    Router::with_path("auth")
        .push(Router::with_path("sign-in").post(sign_in))
        .push(Router::with_path("second-factor").post(second_factor))
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

/// A sign-in that waits for its second factor.
#[derive(Debug, Serialize, ToSchema)]
struct Challenged {
    /// Goes to `/auth/second-factor` with a code: within five minutes, after five tries at most, once.
    challenge: String,
}

/// A challenge, and what answers it.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct SecondFactorAnswer {
    #[garde(length(max = 100))]
    #[salvo(schema(max_length = 100))]
    challenge: String,
    /// Six digits of an authenticator, or a recovery code.
    #[garde(length(max = 40))]
    #[salvo(schema(max_length = 40))]
    code: String,
}

/// An operator's session.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "OperatorSignedIn"))]
struct SignedIn {
    #[serde(flatten)]
    tokens: Tokens,
    /// How many recovery codes are left; said when one was used.
    recovery_codes_left: Option<i64>,
}

/// Sign in as an operator.
///
/// The password brings a challenge; a session is begun by the second factor.
#[endpoint]
async fn sign_in(state: State, body: Body<SignIn>, res: &mut Response) -> Result<Json<Challenged>, Problem> {
    let SignIn { email, password } = body.0;
    state.limiter.password_for(Door::Operator, email.as_str()).await.admit(res)?;
    let challenge = identity::sign_in_operator(&state.database.platform(), &state.passwords, (&email, &password)).await?;
    Ok(Json(Challenged { challenge: challenge.as_str().to_owned() }))
}

/// Answer with a second factor.
///
/// With a code of the authenticator or a recovery code; each works once.
#[endpoint]
async fn second_factor(state: State, device: Device, body: Body<SecondFactorAnswer>) -> Result<Json<SignedIn>, Problem> {
    let given = (body.0.challenge.as_str(), body.0.code.as_str());
    let platform = state.database.platform();
    let (session, recovery_codes_left) = identity::operator_answers_challenge(&platform, state.means(), given, &device.0).await?;
    Ok(Json(SignedIn { tokens: tokens::issue(&state, session)?, recovery_codes_left }))
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
