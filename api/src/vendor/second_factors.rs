//! Second factors of a person's own account, and proving anew who has a session.

use chrono::{DateTime, Utc};
use commerce::{
    identity::{
        second_factors::{self, Subject},
        step_up,
    },
    ids::SecondFactorId,
};
use salvo::{
    Response, Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};

use crate::{
    Problem, State,
    context::{Body, PathId, Vendor},
    json::{Created, Id, Json, NoContent},
    limits::Door,
};

pub(super) fn router() -> Router {
    let one = Router::with_path("{id}").delete(remove).push(Router::with_path("confirm").post(confirm));
    let factors = Router::with_path("second-factors").get(list).push(Router::with_path("totp").post(enrol)).push(one);
    Router::with_path("account")
        .push(factors)
        .push(Router::with_path("recovery-codes").post(replace_recovery_codes))
        .push(Router::with_path("step-up").post(prove))
}

/// Something that proves its person beside the password.
#[derive(Debug, Serialize, ToSchema)]
struct SecondFactor {
    id: Id<SecondFactorId>,
    /// `totp`: an authenticator that shows codes.
    kind: String,
    name: String,
    confirmed_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
}

/// What the account has. Without a factor the password alone opens it.
#[derive(Debug, Serialize, ToSchema)]
struct SecondFactors {
    data: Vec<SecondFactor>,
    /// How many recovery codes were not used.
    recovery_codes_left: i64,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct Enrol {
    /// Left out by who has none: they have signed in within the last ten minutes.
    #[garde(inner(length(max = 200)))]
    #[salvo(schema(max_length = 200))]
    current_password: Option<String>,
    /// To tell authenticators apart; `Authenticator` unless said.
    #[garde(inner(length(chars, min = 1, max = 60)))]
    #[salvo(schema(min_length = 1, max_length = 60))]
    name: Option<String>,
}

/// An authenticator that is to be confirmed. The secret is shown here and never again.
#[derive(Debug, Serialize, ToSchema)]
struct Enrolment {
    id: Id<SecondFactorId>,
    /// To be typed into an authenticator (base32).
    secret: String,
    /// The same for a QR code.
    otpauth_url: String,
}

/// A code of an authenticator.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct FactorCode {
    /// Six digits.
    #[garde(length(max = 40))]
    #[salvo(schema(max_length = 40))]
    code: String,
}

/// Codes that stand in for a lost authenticator, each once. Shown here and never again.
#[derive(Debug, Serialize, ToSchema)]
struct RecoveryCodes {
    /// Empty where the account has some already.
    recovery_codes: Vec<String>,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct ReplaceRecoveryCodes {
    /// Left out by who has none: they have signed in within the last ten minutes.
    #[garde(inner(length(max = 200)))]
    #[salvo(schema(max_length = 200))]
    current_password: Option<String>,
    /// Six digits of an authenticator, or a recovery code.
    #[garde(length(max = 40))]
    #[salvo(schema(max_length = 40))]
    code: String,
}

/// The code where the account has a second factor, the password where it has none.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct StepUp {
    #[garde(inner(length(max = 200)))]
    #[salvo(schema(max_length = 200))]
    current_password: Option<String>,
    /// Six digits of an authenticator, or a recovery code.
    #[garde(inner(length(max = 40)))]
    #[salvo(schema(max_length = 40))]
    code: Option<String>,
}

/// A proof that counts for a while.
#[derive(Debug, Serialize, ToSchema)]
struct SteppedUp {
    until: DateTime<Utc>,
    /// How many recovery codes are left; said when one was used.
    recovery_codes_left: Option<i64>,
}

/// List the account's second factors.
#[endpoint]
async fn list(vendor: Vendor, state: State) -> Result<Json<SecondFactors>, Problem> {
    let who = vendor.person()?;
    let tx = state.database.platform().begin().await?;
    Ok(Json(second_factors::list(&tx, Subject::Account(who.account)).await?.into()))
}

/// Begin an authenticator.
///
/// For an account whose address is proved. It counts once it is confirmed with a code, within an hour. An account with a second factor must have proved it within the last ten
/// minutes.
#[endpoint]
async fn enrol(vendor: Vendor, state: State, body: Body<Enrol>, res: &mut Response) -> Result<Created<Enrolment>, Problem> {
    let who = vendor.person()?;
    vendor.fresh_beside_password().await?;
    state.limiter.password_for(Door::Account, &who.account.to_string()).await.admit(res)?;
    let given = (body.0.current_password.as_deref(), body.0.name.as_deref().unwrap_or("Authenticator"));
    let begun = second_factors::enrol(&state.database.platform(), &state.passwords, state.means(), who, given).await?;
    let enrolment = Enrolment {
        id: begun.id.into(),
        secret: begun.secret.base32(),
        otpauth_url: begun.secret.url(state.config.public_url.host(), &begun.email),
    };
    Ok(Created::at(format!("/vendor/v1/account/second-factors/{}", begun.id), enrolment))
}

/// Turn an authenticator on.
///
/// With a code of it. The first one brings ten recovery codes, which are shown here and never again. A mail tells of it; other sessions
/// go on, and are asked for the factor before anything dangerous.
#[endpoint]
async fn confirm(vendor: Vendor, state: State, id: PathId<SecondFactorId>, body: Body<FactorCode>) -> Result<Json<RecoveryCodes>, Problem> {
    let who = vendor.person()?;
    let recovery_codes = second_factors::confirm(&state.database.platform(), state.means(), who, (id.0, &body.0.code)).await?;
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// Turn a second factor off.
///
/// Asks for a proof of the last ten minutes (`/account/step-up`). The recovery codes end with the last factor. A mail tells of it.
#[endpoint]
async fn remove(vendor: Vendor, state: State, id: PathId<SecondFactorId>) -> Result<NoContent, Problem> {
    let who = vendor.person()?;
    vendor.fresh().await?;
    second_factors::remove(&state.database.platform(), state.means(), who, id.0).await?;
    Ok(NoContent)
}

/// Make new recovery codes.
///
/// The old ones work no more; a mail tells of it.
#[endpoint]
async fn replace_recovery_codes(
    vendor: Vendor,
    state: State,
    body: Body<ReplaceRecoveryCodes>,
    res: &mut Response,
) -> Result<Json<RecoveryCodes>, Problem> {
    let who = vendor.person()?;
    state.limiter.password_for(Door::Account, &who.account.to_string()).await.admit(res)?;
    let (platform, given) = (state.database.platform(), (body.0.current_password.as_deref(), body.0.code.as_str()));
    let recovery_codes = second_factors::replace_recovery_codes(&platform, &state.passwords, state.means(), who, given).await?;
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// Prove anew who you are.
///
/// Counts for this session and ten minutes, for what is dangerous: keys, ownership, the account's password and address, turning a second
/// factor off. A sign-in counts too.
#[endpoint]
async fn prove(vendor: Vendor, state: State, body: Body<StepUp>, res: &mut Response) -> Result<Json<SteppedUp>, Problem> {
    let who = vendor.person()?;
    state.limiter.password_for(Door::Account, &who.account.to_string()).await.admit(res)?;
    let given = (body.0.current_password.as_deref(), body.0.code.as_deref());
    let proved = step_up::step_up(&state.database.platform(), &state.passwords, state.means(), who, given).await?;
    Ok(Json(SteppedUp { until: proved.until, recovery_codes_left: proved.recovery_codes_left }))
}

impl From<second_factors::Owned> for SecondFactors {
    fn from(owned: second_factors::Owned) -> Self {
        let shown = |it: second_factors::Listed| SecondFactor {
            id: it.id.into(),
            kind: it.kind,
            name: it.name,
            confirmed_at: it.confirmed_at,
            last_used_at: it.last_used_at,
        };
        Self { data: owned.factors.into_iter().map(shown).collect(), recovery_codes_left: owned.recovery_codes_left }
    }
}
