//! A person's own account: name, password, address, sessions, stores. Any member may; a key has none.

use chrono::{DateTime, Utc};
use commerce::{
    identity::{self, accounts, second_factors::Subject, sessions, team},
    ids::{AccountId, SessionId},
    text::Email,
};
use salvo::{
    Response, Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};

use super::auth::{Code, SignedIn};
use crate::{
    Problem, State,
    context::{Body, Device, PathId, Vendor},
    json::{Id, Json, NoContent},
    limits::Door,
};

pub(super) fn router() -> Router {
    Router::with_path("account")
        .get(show)
        .patch(change)
        .push(Router::with_path("verification").post(request_verification))
        .push(Router::with_path("verify-email").post(verify_email))
        .push(Router::with_path("password").post(change_password))
        .push(Router::with_path("email").post(request_email).push(Router::with_path("confirm").post(change_email)))
        .push(Router::with_path("close").post(close))
        .push(Router::with_path("stores").get(stores))
        .push(Router::with_path("switch-store").post(switch_store))
        .push(Router::with_path("accept-invitation").post(accept_invitation))
        .push(Router::with_path("sessions").get(list).delete(end_others).push(Router::with_path("{id}").delete(end)))
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
struct Account {
    id: Id<AccountId>,
    email: String,
    /// When the address was proved; absent until then.
    email_verified_at: Option<DateTime<Utc>>,
    name: String,
    /// Whether there is one; who signs in by other providers alone has none until they choose one.
    has_password: bool,
    created_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct ChangeAccount {
    #[garde(length(chars, min = 1, max = 100))]
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: String,
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

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct CloseAccount {
    /// Left out by who has none: they have signed in within the last ten minutes.
    #[garde(inner(length(max = 200)))]
    #[salvo(schema(max_length = 200))]
    current_password: Option<String>,
}

/// A sign-in that has not ended.
#[derive(Debug, Serialize, ToSchema)]
struct Session {
    id: Id<SessionId>,
    /// Whether this very request was made with it.
    is_current: bool,
    /// The slug of the store it is in.
    store: String,
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

/// A store in which the account works.
#[derive(Debug, Serialize, ToSchema)]
struct MyStore {
    slug: String,
    name: String,
    /// A built-in role's word, or the id of one of the store's own.
    role: String,
    /// The role's, as people read it.
    role_name: String,
    /// Whether this session is in it.
    is_current: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct MyStores {
    data: Vec<MyStore>,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct SwitchStore {
    /// The slug of the store to go on in.
    #[garde(length(max = 40))]
    #[salvo(schema(max_length = 40))]
    store: String,
}

/// Show the account.
#[endpoint]
async fn show(vendor: Vendor, state: State) -> Result<Json<Account>, Problem> {
    let who = vendor.person()?;
    let tx = state.database.platform().begin().await?;
    Ok(Json(accounts::find(&tx, who.account).await?.into()))
}

/// Change the account's name.
#[endpoint]
async fn change(vendor: Vendor, state: State, body: Body<ChangeAccount>) -> Result<Json<Account>, Problem> {
    let who = vendor.person()?;
    let tx = state.database.platform().begin().await?;
    accounts::rename(&tx, &state.clock, who.account, &body.0.name).await?;
    let changed = accounts::find(&tx, who.account).await?;
    tx.commit().await?;
    Ok(Json(changed.into()))
}

/// Ask for a code that proves the address.
///
/// It is mailed to the account's address; five an hour at most.
#[endpoint]
async fn request_verification(vendor: Vendor, state: State) -> Result<NoContent, Problem> {
    identity::request_verification(&state.database.platform(), &state.clock, vendor.person()?).await?;
    Ok(NoContent)
}

/// Prove the account's address.
///
/// With the code that was mailed to it, as the account that it was mailed for.
#[endpoint]
async fn verify_email(vendor: Vendor, state: State, body: Body<Code>) -> Result<NoContent, Problem> {
    identity::verify_email(&state.database.platform(), &state.clock, &state.codes, vendor.person()?, &body.0.code).await?;
    Ok(NoContent)
}

/// Change the password, or choose a first one.
///
/// Ends every other session; a mail tells of it. An account with a second factor must have proved it within the last ten minutes.
#[endpoint]
async fn change_password(vendor: Vendor, state: State, body: Body<ChangePassword>, res: &mut Response) -> Result<NoContent, Problem> {
    let who = vendor.person()?;
    vendor.fresh_beside_password().await?;
    state.limiter.password_for(Door::Account, &who.account.to_string()).await.admit(res)?;
    let given = (body.0.current_password.as_deref(), body.0.password.as_str());
    let ended = identity::change_password(&state.database.platform(), &state.passwords, &state.clock, who, given).await?;
    state.sessions.forget_all(ended).await;
    Ok(NoContent)
}

/// Ask for another address.
///
/// A code is mailed to the new one, and the old one is told. Nothing changes until the code comes back. An account with a second factor
/// must have proved it within the last ten minutes.
#[endpoint]
async fn request_email(vendor: Vendor, state: State, body: Body<ChangeEmail>, res: &mut Response) -> Result<NoContent, Problem> {
    let who = vendor.person()?;
    vendor.fresh_beside_password().await?;
    state.limiter.password_for(Door::Account, &who.account.to_string()).await.admit(res)?;
    let given = (body.0.current_password.as_deref(), &body.0.email);
    identity::request_email_change(&state.database.platform(), &state.passwords, &state.clock, who, given).await?;
    Ok(NoContent)
}

/// Change the address.
///
/// With the code that was mailed to the new one. Ends every other session.
#[endpoint]
async fn change_email(vendor: Vendor, state: State, body: Body<Code>) -> Result<NoContent, Problem> {
    let who = vendor.person()?;
    let ended = identity::change_email(&state.database.platform(), &state.clock, &state.codes, who, &body.0.code).await?;
    state.sessions.forget_all(ended).await;
    Ok(NoContent)
}

/// Close the account.
///
/// Leaves every store, ends every session, and forgets name, address and password; the address is free again, and a last mail goes
/// to it. Refused while a store would lose its last owner: `detail` names them. An account with a second factor must have proved it
/// within the last ten minutes. It cannot be undone.
#[endpoint]
async fn close(vendor: Vendor, state: State, body: Body<CloseAccount>, res: &mut Response) -> Result<NoContent, Problem> {
    let who = vendor.person()?;
    vendor.fresh_beside_password().await?;
    state.limiter.password_for(Door::Account, &who.account.to_string()).await.admit(res)?;
    let ended = identity::close_account(&vendor.platform, &state.passwords, &state.clock, who, body.0.current_password.as_deref()).await?;
    state.sessions.forget_all(ended).await;
    Ok(NoContent)
}

/// List the stores in which the account works.
#[endpoint]
async fn stores(vendor: Vendor, state: State) -> Result<Json<MyStores>, Problem> {
    let who = vendor.person()?;
    let tx = state.database.platform().begin().await?;
    let shown = |it: identity::Membership| MyStore {
        is_current: it.tenant == who.tenant,
        slug: it.slug,
        name: it.name,
        role: it.role.id.to_string(),
        role_name: it.role.name,
    };
    Ok(Json(MyStores { data: identity::memberships(&tx, who.account).await?.into_iter().map(shown).collect() }))
}

/// Go on in another store.
///
/// Begins a session there; the one that asked goes on too.
#[endpoint]
async fn switch_store(vendor: Vendor, state: State, device: Device, body: Body<SwitchStore>) -> Result<Json<SignedIn>, Problem> {
    let who = vendor.person()?;
    let tx = state.database.platform().begin().await?;
    let signed_in = identity::switch_store(&tx, who, &body.0.store, &device.0).await?;
    tx.commit().await?;
    Ok(Json(SignedIn::of(&state, signed_in)?))
}

/// Join another store.
///
/// With the code of an invitation that was mailed to this account's address. Begins a session there; the one that asked goes on too.
#[endpoint]
async fn accept_invitation(vendor: Vendor, state: State, device: Device, body: Body<Code>) -> Result<Json<SignedIn>, Problem> {
    let who = vendor.person()?;
    let signed_in = team::join(&vendor.platform, &state.clock, &state.codes, who, &body.0.code, &device.0).await?;
    Ok(Json(SignedIn::of(&state, signed_in)?))
}

/// List the account's sessions.
#[endpoint]
async fn list(vendor: Vendor, state: State) -> Result<Json<Sessions>, Problem> {
    let who = vendor.person()?;
    let tx = state.database.platform().begin().await?;
    let shown = |it: sessions::Listed| Session {
        is_current: it.id.uuid() == who.session,
        id: it.id.into(),
        store: it.store.unwrap_or_default(),
        user_agent: it.user_agent,
        address: it.address,
        began_at: it.began_at,
        used_at: it.used_at,
        expires_at: it.expires_at,
    };
    Ok(Json(Sessions { data: sessions::list(&tx, Subject::Account(who.account)).await?.into_iter().map(shown).collect() }))
}

/// End every other session.
///
/// In all stores; the one that asks goes on.
#[endpoint]
async fn end_others(vendor: Vendor, state: State) -> Result<NoContent, Problem> {
    let who = vendor.person()?;
    let tx = state.database.platform().begin().await?;
    let ended = sessions::end_others(&tx, who.account.uuid(), Some(who.session)).await?;
    tx.commit().await?;
    state.sessions.forget_all(ended).await;
    Ok(NoContent)
}

/// End a session.
#[endpoint]
async fn end(vendor: Vendor, state: State, id: PathId<SessionId>) -> Result<NoContent, Problem> {
    let who = vendor.person()?;
    let tx = state.database.platform().begin().await?;
    sessions::end_one(&tx, who.account.uuid(), id.0).await?;
    tx.commit().await?;
    state.sessions.forget(id.0.uuid()).await;
    Ok(NoContent)
}

impl From<accounts::Profile> for Account {
    fn from(profile: accounts::Profile) -> Self {
        let accounts::Profile { id, email, name, password_hash, email_verified_at, created_at } = profile;
        Self { id: id.into(), email, email_verified_at, name, has_password: password_hash.is_some(), created_at }
    }
}
