//! Becoming a customer, signing in, staying in. Nobody is told here who has an account.

use std::time::Duration;

use commerce::{customers, ids::CartId, text::Email};
use salvo::{
    Response, Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{
    Problem, State,
    context::{Body, Device, Shopper, limited_by_address},
    json::{Id, Json, NoContent},
    limits::Door,
    tokens::{self, RefreshToken, Tokens},
};

/// What could tell who has an account is answered at full steps after it was asked: some more work or less does not show.
const ANSWERED_EVERY: Duration = Duration::from_millis(100);

/// Whoever renews or ends a session has a token that cannot be guessed; what takes an address or a password is limited by where
/// it comes from.
pub(super) fn router() -> Router {
    let guessable = Router::new()
        .hoop(limited_by_address)
        .push(Router::with_path("register").post(register))
        .push(Router::with_path("sign-in").post(sign_in))
        .push(Router::with_path("reset-password").post(request_reset).push(Router::with_path("confirm").post(reset_password)));
    Router::with_path("customer")
        .push(guessable)
        .push(Router::with_path("refresh").post(refresh))
        .push(Router::with_path("sign-out").post(sign_out))
}

/// Who wants to be a customer of the store.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct Register {
    #[garde(skip)]
    #[salvo(schema(value_type = String, max_length = 254))]
    email: Email,
    #[garde(length(chars, max = 200))]
    #[salvo(schema(min_length = 10, max_length = 200))]
    password: String,
    #[garde(length(chars, min = 1, max = 100))]
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: String,
    /// Whether the store may send news; leave it out where the shopper was not asked. The time of the answer is kept with it.
    #[garde(skip)]
    accepts_marketing: Option<bool>,
}

/// Who signs in, and with which cart.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct SignIn {
    #[garde(skip)]
    #[salvo(schema(value_type = String, max_length = 254))]
    email: Email,
    #[garde(length(min = 1, max = 200))]
    #[salvo(schema(max_length = 200))]
    password: String,
    /// The cart that was filled as a guest; it is merged into the customer's by the store's rule.
    #[garde(skip)]
    cart_id: Option<Id<CartId>>,
}

/// A session in this store.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "SignedInCustomer"))]
pub(super) struct SignedIn {
    #[serde(flatten)]
    pub(super) tokens: Tokens,
    /// Whether what the guest's cart held is in the customer's now. If not, none was named, or it stays as it was: somebody is
    /// paying for it, the two do not fit into one, or it is not there.
    pub(super) is_cart_merged: bool,
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

/// Become a customer.
///
/// The answer and its time are the same for every address; a mail brings the rest: a code that proves the address, or that it has
/// an account, with a code for a new password. Sign in afterwards.
#[endpoint]
async fn register(shopper: Shopper, state: State, body: Body<Register>, res: &mut Response) -> Result<NoContent, Problem> {
    let asked_at = Instant::now();
    let Register { email, password, name, accepts_marketing } = body.0;
    state.limiter.password_for(Door::Customer, &whose(&shopper, &email)).await.admit(res)?;
    let new = customers::NewCustomer { email, name, password, accepts_marketing };
    customers::register(&shopper.db, &state.passwords, &state.clock, &new).await?;
    until_next_step(asked_at).await;
    Ok(NoContent)
}

/// Sign in.
///
/// An unknown address and a wrong password are answered alike. An address need not be proved; until it is, orders that were placed
/// with it by guests stay apart.
#[endpoint]
async fn sign_in(
    shopper: Shopper,
    state: State,
    device: Device,
    body: Body<SignIn>,
    res: &mut Response,
) -> Result<Json<SignedIn>, Problem> {
    let SignIn { email, password, cart_id } = body.0;
    state.limiter.password_for(Door::Customer, &whose(&shopper, &email)).await.admit(res)?;
    let request = customers::SignIn { email, password, cart: cart_id.map(|id| id.0) };
    let means = (&state.passwords, &state.carts, &state.clock);
    let signed_in = customers::sign_in(&shopper.db, means, &shopper.store, &request, &device.0).await?;
    let tokens = tokens::issue_to_customer(&state, shopper.store.id, signed_in.session)?;
    Ok(Json(SignedIn { tokens, is_cart_merged: signed_in.is_cart_merged }))
}

/// Renew a session.
#[endpoint]
async fn refresh(shopper: Shopper, state: State, device: Device, body: Body<RefreshToken>) -> Result<Json<Tokens>, Problem> {
    let secret = state.config.secret.bytes();
    let session = customers::sessions::refresh(&shopper.db, secret, &body.0.refresh_token, &device.0).await?;
    Ok(Json(tokens::issue_to_customer(&state, shopper.store.id, session)?))
}

/// Sign out.
///
/// Ends the session: its refresh token at once, its access token within half a minute for reading, and at once for what is the customer's.
#[endpoint]
async fn sign_out(shopper: Shopper, state: State, body: Body<RefreshToken>) -> Result<NoContent, Problem> {
    let tx = shopper.db.begin().await?;
    let ended = customers::sessions::end(&tx, &body.0.refresh_token).await?;
    tx.commit().await?;
    state.customer_sessions.forget(ended).await;
    Ok(NoContent)
}

/// Ask for a new password.
///
/// Mails a code to the address, if it is a customer's; it works once, within an hour. The answer and its time are the same for
/// every address.
#[endpoint]
async fn request_reset(shopper: Shopper, state: State, body: Body<RequestReset>, res: &mut Response) -> Result<NoContent, Problem> {
    let asked_at = Instant::now();
    state.limiter.password_for(Door::Reset, &whose(&shopper, &body.0.email)).await.admit(res)?;
    customers::request_password_reset(&shopper.db, &state.clock, &body.0.email).await?;
    until_next_step(asked_at).await;
    Ok(NoContent)
}

/// Choose a new password.
///
/// With the code from the mail. Ends every session of the customer and proves their address.
#[endpoint]
async fn reset_password(shopper: Shopper, state: State, body: Body<ResetPassword>) -> Result<NoContent, Problem> {
    let given = (body.0.code.as_str(), body.0.password.as_str());
    let ended = customers::reset_password(&shopper.db, &state.passwords, &state.clock, &state.codes, given).await?;
    state.customer_sessions.forget(ended).await;
    Ok(NoContent)
}

/// See [`ANSWERED_EVERY`].
pub(super) async fn until_next_step(asked_at: Instant) {
    let steps = asked_at.elapsed().as_millis() / ANSWERED_EVERY.as_millis() + 1;
    tokio::time::sleep_until(asked_at + ANSWERED_EVERY * u32::try_from(steps).unwrap_or(u32::MAX)).await;
}

/// The same address in two stores is two people, whose passwords are tried apart.
fn whose(shopper: &Shopper, email: &Email) -> String {
    format!("{} {}", shopper.store.id, email.as_str())
}
