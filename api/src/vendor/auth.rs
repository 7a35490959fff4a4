use std::time::Duration;

use commerce::{
    identity::{self, sessions, team},
    text::Email,
};
use salvo::{
    Response, Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{
    Problem, State,
    context::{Body, Device},
    json::{Json, NoContent},
    limits::Door,
    tokens::{self, RefreshToken, Tokens},
};

/// When a request for a new password is answered, however much work it was: later than the work takes by far.
const RESET_ANSWERED_AFTER: Duration = Duration::from_millis(100);

pub(super) fn router() -> Router {
    Router::with_path("auth")
        .push(Router::with_path("sign-in").post(sign_in))
        .push(Router::with_path("second-factor").post(second_factor))
        .push(Router::with_path("refresh").post(refresh))
        .push(Router::with_path("sign-out").post(sign_out))
        .push(Router::with_path("accept-invitation").post(accept_invitation))
        .push(Router::with_path("take-back").post(take_back))
        .push(Router::with_path("reset-password").post(request_reset).push(Router::with_path("confirm").post(reset_password)))
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
pub(super) struct SignedIn {
    #[serde(flatten)]
    tokens: Tokens,
    /// The store's slug.
    store: String,
    /// A built-in role's word, or the id of one of the store's own.
    role: String,
    /// The role's, as people read it.
    role_name: String,
    /// What the role may.
    permissions: Vec<String>,
    /// How many recovery codes are left; said when one was used.
    recovery_codes_left: Option<i64>,
}

/// A challenge, and what answers it.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct SecondFactorAnswer {
    /// From the refusal `identity.second_factor_required`.
    #[garde(length(max = 100))]
    #[salvo(schema(max_length = 100))]
    challenge: String,
    /// Six digits of an authenticator, or a recovery code.
    #[garde(length(max = 40))]
    #[salvo(schema(max_length = 40))]
    code: String,
}

/// Sign in.
///
/// An unknown e-mail and a wrong password are answered alike. An account that has a second factor gets 401
/// `identity.second_factor_required` with a `challenge`; `/auth/second-factor` takes it.
#[endpoint]
async fn sign_in(state: State, device: Device, body: Body<SignIn>, res: &mut Response) -> Result<Json<SignedIn>, Problem> {
    let SignIn { email, password, store } = body.0;
    state.limiter.password_for(Door::Account, email.as_str()).await.admit(res)?;
    let platform = state.database.platform();
    let signed_in = identity::sign_in(&platform, &state.passwords, (&email, &password), store.as_deref(), &device.0).await?;
    Ok(Json(SignedIn::of(&state, signed_in)?))
}

/// Answer with a second factor.
///
/// Goes on with a sign-in, or an invitation, that was refused with a `challenge`: it waits for five minutes and five tries, and works
/// once. So does each code.
#[endpoint]
async fn second_factor(state: State, device: Device, body: Body<SecondFactorAnswer>) -> Result<Json<SignedIn>, Problem> {
    let given = (body.0.challenge.as_str(), body.0.code.as_str());
    let signed_in = identity::answer_challenge(&state.database.platform(), state.means(), given, &device.0).await?;
    Ok(Json(SignedIn::of(&state, signed_in)?))
}

impl SignedIn {
    pub(super) fn of(state: &State, signed_in: identity::SignedIn) -> Result<Self, Problem> {
        let identity::SignedIn { session, membership, recovery_codes_left } = signed_in;
        let role = membership.role;
        Ok(Self {
            tokens: tokens::issue(state, session)?,
            store: membership.slug,
            role: role.id.to_string(),
            permissions: role.permissions.iter().map(ToString::to_string).collect(),
            role_name: role.name,
            recovery_codes_left,
        })
    }
}

/// Renew a session.
#[endpoint]
async fn refresh(state: State, device: Device, body: Body<RefreshToken>) -> Result<Json<Tokens>, Problem> {
    let (platform, secret) = (state.database.platform(), state.config.secret.bytes());
    let session = sessions::refresh(&platform, secret, (sessions::Kind::Account, &body.0.refresh_token), &device.0).await?;
    Ok(Json(tokens::issue(&state, session)?))
}

/// Sign out.
///
/// Ends the session: its refresh token at once, its access token within half a minute for reading, and at once for all else.
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

/// A code from a mail.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
pub(super) struct Code {
    #[garde(length(max = 100))]
    #[salvo(schema(max_length = 100))]
    pub(super) code: String,
}

/// A code from an invitation's mail, and whoever it was sent to.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct AcceptInvitation {
    #[garde(length(max = 100))]
    #[salvo(schema(max_length = 100))]
    code: String,
    /// Of the person; needed when the address has no account yet, and else not read.
    #[garde(inner(length(chars, min = 1, max = 100)))]
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: Option<String>,
    /// The account's, or the one to be.
    #[garde(length(chars, min = 1, max = 200))]
    #[salvo(schema(min_length = 1, max_length = 200))]
    password: String,
}

/// Whose password is to be reset.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct RequestReset {
    #[garde(skip)]
    #[salvo(schema(value_type = String, max_length = 254))]
    email: Email,
}

/// A code from a mail, and the password to be.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct ResetPassword {
    #[garde(length(max = 100))]
    #[salvo(schema(max_length = 100))]
    code: String,
    #[garde(length(chars, max = 200))]
    #[salvo(schema(min_length = 10, max_length = 200))]
    password: String,
}

/// Accept an invitation to a store.
///
/// With the code that was mailed. An address that has no account gets one; for one that has, `password` must be that account's, and a
/// second factor is asked for as it is when signing in. Who is signed in already accepts at `/account/accept-invitation`.
#[endpoint]
async fn accept_invitation(
    state: State,
    device: Device,
    body: Body<AcceptInvitation>,
    res: &mut Response,
) -> Result<Json<SignedIn>, Problem> {
    let AcceptInvitation { code, name, password } = body.0;
    let platform = state.database.platform();
    let invited = team::invited(&platform, &state.codes, &code).await?;
    state.limiter.password_for(Door::Account, invited.email().as_str()).await.admit(res)?;
    let person = (name.as_deref(), password.as_str());
    let signed_in = team::accept_invitation(&platform, &state.passwords, &state.clock, invited, person, &device.0).await?;
    Ok(Json(SignedIn::of(&state, signed_in)?))
}

/// Ask for a new password.
///
/// Mails a code to the address, if it is an account's; it works once, within an hour. The answer and its time are the same
/// for every address.
#[endpoint]
async fn request_reset(state: State, body: Body<RequestReset>, res: &mut Response) -> Result<NoContent, Problem> {
    let told_at = Instant::now() + RESET_ANSWERED_AFTER;
    state.limiter.password_for(Door::Reset, body.0.email.as_str()).await.admit(res)?;
    identity::request_password_reset(&state.database.platform(), &state.clock, &body.0.email).await?;
    tokio::time::sleep_until(told_at).await;
    Ok(NoContent)
}

/// Choose a new password.
///
/// With the code from the mail. Ends every session of the account and proves its address. Ways to sign in that were linked within the last
/// three days go, but the one that an account without a password began with; second factors stay.
#[endpoint]
async fn reset_password(state: State, body: Body<ResetPassword>) -> Result<NoContent, Problem> {
    let ResetPassword { code, password } = body.0;
    let platform = state.database.platform();
    let ended = identity::reset_password(&platform, &state.passwords, &state.clock, &state.codes, (&code, &password)).await?;
    state.sessions.forget_all(ended).await;
    Ok(NoContent)
}

/// Take the account back.
///
/// With the code from the mail about its first second factor, or about a change of address: for when it was not you. The account has the
/// address again that the mail went to, and the new password; its second factors are gone, so are ways to sign in that were linked within the
/// last three days, and every session has ended. The code works once, within three days.
#[endpoint]
async fn take_back(state: State, body: Body<ResetPassword>) -> Result<NoContent, Problem> {
    let ResetPassword { code, password } = body.0;
    let platform = state.database.platform();
    let ended = identity::take_back(&platform, &state.passwords, &state.clock, &state.codes, (&code, &password)).await?;
    state.sessions.forget_all(ended).await;
    Ok(NoContent)
}
