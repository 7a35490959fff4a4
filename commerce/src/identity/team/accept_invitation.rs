//! Joining a team: with a code alone and a password, or signed in already. The address is proved by it either way, for the code
//! was mailed there.

use sea_orm::{ConnectionTrait, Statement, Value};
use tenancy::{AccountId, PlatformDb, PlatformTx, TenantId, TenantTx};

use super::{Error, MemberJoined, invitations, members, turn};
use crate::{
    clock::Clock,
    fault::FieldFault,
    identity::{
        Codes, Membership, Passwords, Proof, SignedIn, accounts,
        accounts::Account,
        oauth::{self, Brought, Providers, identities, new_account, redeem},
        second_factors::challenges::Leads,
        sessions::{self, Device, Principal, SignedInAs},
        sign_in::{asked_for, first_factor_of},
    },
    ids::InvitationId,
    outbox,
    text::{Email, clean_line},
};

/// An open invitation, as its code names it.
#[derive(Clone, Debug)]
pub struct Invited {
    store: TenantId,
    id: InvitationId,
    email: Email,
}

impl Invited {
    pub fn email(&self) -> &Email {
        &self.email
    }
}

/// What a code invites to.
///
/// # Errors
/// `CodeInvalid`: not ours, accepted, revoked, replaced, expired, or of a store that is suspended.
pub async fn invited(platform: &PlatformDb, codes: &Codes, code: &str) -> Result<Invited, Error> {
    let (store, id) = codes.read_invitation(code).ok_or(Error::CodeInvalid)?;
    let email = address(&platform.begin().await?, store, id).await?.ok_or(Error::CodeInvalid)?;
    Ok(Invited { store, id, email })
}

/// Accepts an invitation: with the password of the account that the address has, or with the name and password of the one to be.
///
/// # Errors
/// `WrongCredentials`; `Invalid` at `/name`, `UnfitPassword` and `LeakedPassword` for a new account; `CodeInvalid` when it was not open
/// any more, `AlreadyMember`, `Busy`; `SecondFactorRequired` for an account that has one: its challenge joins.
pub async fn accept_invitation(
    platform: &PlatformDb,
    passwords: &Passwords,
    clock: &Clock,
    invited: Invited,
    (name, password): (Option<&str>, &str),
    device: &Device,
) -> Result<SignedIn, Error> {
    let known = accounts::get(&platform.begin().await?, &invited.email).await?;
    let person = if let Some(Account { id, password_hash }) = known {
        if !passwords.fit(password, password_hash.clone()).await? {
            return Err(Error::WrongCredentials);
        }
        Person::Known { id, hash: password_hash.unwrap_or_default() }
    } else {
        let required = || FieldFault::new("/name", "required", "this address has no account yet: say the name of the one to be");
        let name = clean_line("/name", name.ok_or_else(|| Error::Invalid(required()))?, 100).map_err(Error::Invalid)?;
        Person::New { hash: passwords.hash(invited.email.as_str(), password).await?, name }
    };
    let tx = platform.begin().await?;
    let account = match person {
        Person::Known { id, hash } if accounts::still_has(&tx, id, Some(&hash)).await? => id,
        Person::Known { .. } => return Err(Error::WrongCredentials),
        Person::New { name, hash } => match accounts::create(&tx, clock, (&invited.email, &name), &hash).await? {
            Some(id) => id,
            // Made in the moment between: by who accepted this invitation first, or by somebody with another password.
            None if address(&tx, invited.store, invited.id).await?.is_none() => return Err(Error::CodeInvalid),
            None => return Err(Error::WrongCredentials),
        },
    };
    admit(tx, clock, &invited, account, device).await
}

/// The invitation that a challenge leads to.
///
/// # Errors
/// `CodeInvalid`: it is not open any more.
pub(in crate::identity) async fn reopened(tx: &PlatformTx, store: TenantId, id: InvitationId) -> Result<Invited, Error> {
    let email = address(tx, store, id).await?.ok_or(Error::CodeInvalid)?;
    Ok(Invited { store, id, email })
}

/// Accepts an invitation as who is signed in, in whatever store.
///
/// # Errors
/// `CodeInvalid`, `InvitationForAnother` when it was sent to another address than the account's, `AlreadyMember`.
pub async fn join(
    platform: &PlatformDb,
    clock: &Clock,
    codes: &Codes,
    who: SignedInAs,
    code: &str,
    device: &Device,
) -> Result<SignedIn, Error> {
    let invited = invited(platform, codes, code).await?;
    let tx = platform.begin().await?;
    if accounts::find(&tx, who.account).await?.email != invited.email.as_str() {
        return Err(Error::InvitationForAnother);
    }
    let (tx, signed_in) = joined(tx, clock, &invited, (who.account, &Proof::of_session(who)), device).await?;
    tx.commit().await?;
    Ok(signed_in)
}

/// Accepts an invitation as who somebody is elsewhere: the account of that identity, or a new one. Either has the address that the
/// invitation was sent to.
///
/// # Errors
/// `GrantInvalid`; `InvitationForAnother`, `EmailUnproved`, `LinkFirst` when the address has another account; `Invalid` at `/name`,
/// `CodeInvalid`, `AlreadyMember`; `SecondFactorRequired` for an account that has one: its challenge joins.
pub async fn accept_invitation_by_provider(
    platform: &PlatformDb,
    (providers, clock): (&Providers, &Clock),
    invited: Invited,
    (name, brought): (Option<&str>, &Brought),
    device: &Device,
) -> Result<SignedIn, oauth::Error> {
    let tx = platform.begin().await?;
    let proof = redeem(&tx, providers, brought).await?;
    let account = if let Some(id) = identities::owner(&tx, &proof).await? {
        if accounts::find(&tx, id).await?.email != invited.email.as_str() {
            return Err(Error::InvitationForAnother.into());
        }
        id
    } else {
        if proof.email.as_ref().ok_or(oauth::Error::EmailUnproved)? != &invited.email {
            return Err(Error::InvitationForAnother.into());
        }
        let name = name.or(proof.name.as_deref()).unwrap_or_default();
        let name = clean_line("/name", name, 100).map_err(Error::Invalid)?;
        new_account(&tx, clock, &proof, &name).await?
    };
    Ok(admit(tx, clock, &invited, account, device).await?)
}

/// Lets somebody in whose account `tx` holds and who has proved to be its person; or asks for their second factor, whose challenge
/// lets them in.
async fn admit(tx: PlatformTx, clock: &Clock, invited: &Invited, account: AccountId, device: &Device) -> Result<SignedIn, Error> {
    match first_factor_of(&tx, Leads::IntoTeam(account, invited.store, invited.id)).await {
        Ok(proof) => {
            let (tx, signed_in) = joined(tx, clock, invited, (account, &proof), device).await?;
            tx.commit().await?;
            Ok(signed_in)
        }
        Err(asked) => Err(asked_for(tx, asked).await?),
    }
}

enum Person {
    Known { id: AccountId, hash: String },
    New { name: String, hash: String },
}

/// Makes an account a member and begins its session; inside the store, to be committed.
pub(in crate::identity) async fn joined(
    tx: PlatformTx,
    clock: &Clock,
    invited: &Invited,
    (account, proof): (AccountId, &Proof),
    device: &Device,
) -> Result<(TenantTx, SignedIn), Error> {
    // The address is proved by the code.
    if !accounts::mark_verified(&tx, clock, account, invited.email.as_str()).await? {
        return Err(Error::CodeInvalid);
    }
    // What is left of an earlier membership does not come back to life with this one.
    sessions::end_in_store(&tx, account, invited.store).await?;
    let session = sessions::begin(&tx, Principal::Account(account, invited.store), proof, device).await?;
    let tx = tx.acting(device.acting(account)).enter(invited.store).await?;
    let membership = take_seat(&tx, clock, invited, account).await?;
    Ok((tx, SignedIn { session, membership, recovery_codes_left: proof.recovery_codes_left() }))
}

async fn take_seat(tx: &TenantTx, clock: &Clock, invited: &Invited, account: AccountId) -> Result<Membership, Error> {
    turn(tx).await?;
    let opened = invitations::redeem(tx, invited.id).await?.ok_or(Error::CodeInvalid)?;
    if !members::add(tx, clock, account, opened.role.id).await? {
        return Err(Error::AlreadyMember);
    }
    let fact = MemberJoined { store: invited.store, account_id: account, invitation_id: invited.id, role: opened.role.id };
    outbox::record(tx, clock, &fact).await?;
    Ok(Membership { tenant: invited.store, slug: opened.slug, name: opened.name, role: opened.role })
}

/// The address of an open invitation.
async fn address(tx: &PlatformTx, store: TenantId, id: InvitationId) -> Result<Option<Email>, Error> {
    let sql = format!(
        "SELECT i.email FROM invitations i JOIN tenants t ON t.id = i.tenant_id
         WHERE i.tenant_id = $1 AND i.id = $2 AND {} AND t.status = 'active'",
        invitations::OPEN
    );
    let values: [Value; 2] = [store.into(), id.into()];
    let row = tx.query_one_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(row.try_get::<String>("", "email")?.parse().ok())
}
