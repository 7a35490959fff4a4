//! Signing in. No transaction is open while a password is checked: that takes longer than everything else together.

use sea_orm::{ConnectionTrait, DbErr, Statement};
use tenancy::{AccountId, OperatorId, PlatformDb, PlatformTx, TenantId};

use super::{
    Error, Passwords, Proof, accounts,
    second_factors::{
        AccountRecoveryCodeUsed, Challenge, Means, Subject,
        challenges::{self, Leads},
    },
    sessions::{self, Device, Principal, Session, SignedInAs},
    team::{self, Role},
};
use crate::{outbox, text::Email};

/// A store in which an account works.
#[derive(Clone, Debug)]
pub struct Membership {
    pub tenant: TenantId,
    pub slug: String,
    /// The store's own name.
    pub name: String,
    pub role: Role,
}

/// A session that has just begun.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub session: Session,
    pub membership: Membership,
    /// How many are left, when one was used for it.
    pub recovery_codes_left: Option<i64>,
}

/// Signs an account in to one store: the one named, or its only one.
///
/// # Errors
/// `WrongCredentials`, `SeveralStores` when none is named and there are several, `NoSuchStore`, `Busy`; `SecondFactorRequired` for an
/// account that has one.
pub async fn sign_in(
    platform: &PlatformDb,
    passwords: &Passwords,
    (email, password): (&Email, &str),
    store: Option<&str>,
    device: &Device,
) -> Result<SignedIn, Error> {
    let account = accounts::get(&platform.begin().await?, email).await?;
    let (id, hash) = account.map(|account| (account.id, account.password_hash)).unzip();
    let hash = hash.flatten();
    let fits = passwords.fit(password, hash.clone()).await?;
    let (id, hash) = id.zip(hash).filter(|_| fits).ok_or(Error::WrongCredentials)?;
    let tx = platform.begin().await?;
    if !accounts::still_has(&tx, id, Some(&hash)).await? {
        return Err(Error::WrongCredentials);
    }
    enter(tx, id, store, device).await
}

/// The last step of every way to sign in, in the transaction that holds the account and has seen what its person proved: begins their
/// session, or asks for their second factor.
///
/// # Errors
/// `SeveralStores` when none is named and there are several, `NoSuchStore`: `tx` has done nothing then. `SecondFactorRequired`.
pub(super) async fn enter(tx: PlatformTx, account: AccountId, store: Option<&str>, device: &Device) -> Result<SignedIn, Error> {
    let membership = choose(memberships(&tx, account).await?, store)?;
    match first_factor_of(&tx, Leads::IntoStore(account, membership.tenant)).await {
        Ok(proof) => {
            let signed_in = begin(&tx, account, membership, &proof, device).await?;
            tx.commit().await?;
            Ok(signed_in)
        }
        Err(asked) => Err(asked_for(tx, asked).await?),
    }
}

/// Keeps the challenge that a refusal of [`first_factor_of`] carries.
pub(super) async fn asked_for(tx: PlatformTx, refusal: Error) -> Result<Error, DbErr> {
    if matches!(refusal, Error::SecondFactorRequired(_)) {
        tx.commit().await?;
    }
    Ok(refusal)
}

/// What the first factor proves where there is no second. Where there is one, the refusal carries a challenge, which is kept once `tx`
/// has committed.
///
/// # Errors
/// `SecondFactorRequired`.
pub(super) async fn first_factor_of(tx: &PlatformTx, leads: Leads) -> Result<Proof, Error> {
    match Proof::of_first_factor(tx, leads.subject()).await? {
        Some(proof) => Ok(proof),
        None => Err(Error::SecondFactorRequired(Some(challenges::open(tx, leads).await?))),
    }
}

/// Goes on with a sign-in that has waited for its second factor.
///
/// # Errors
/// `ChallengeEnded`, `WrongCode`, `TooManyCodes`; `NoSuchStore` when the account has left it meanwhile, `CodeInvalid` and
/// `AlreadyMember` when it was to join it.
pub async fn answer_challenge(
    platform: &PlatformDb,
    means: Means<'_>,
    (challenge, code): (&str, &str),
    device: &Device,
) -> Result<SignedIn, Error> {
    let tx = platform.begin().await?;
    let open = challenges::try_once(&tx, "account", challenge).await?;
    let (tx, proof) = Proof::of_second_factor(tx, means, open.leads.subject(), code).await?;
    challenges::close(&tx, open).await?;
    let (account, tx, signed_in) = match open.leads {
        Leads::IntoStore(account, tenant) => {
            let membership = memberships(&tx, account).await?.into_iter().find(|membership| membership.tenant == tenant);
            let signed_in = begin(&tx, account, membership.ok_or(Error::NoSuchStore)?, &proof, device).await?;
            (account, tx.enter(tenant).await?, signed_in)
        }
        Leads::IntoTeam(account, store, invitation) => {
            let invited = team::reopened(&tx, store, invitation).await?;
            let (tx, signed_in) = team::joined(tx, means.clock, &invited, (account, &proof), device).await?;
            (account, tx, signed_in)
        }
        Leads::ToPlatform(_) => return Err(Error::ChallengeEnded),
    };
    if let Some(left) = proof.recovery_codes_left() {
        outbox::record(&tx, means.clock, &AccountRecoveryCodeUsed { account_id: account, left }).await?;
    }
    tx.commit().await?;
    Ok(signed_in)
}

/// Checks an operator's password. That alone never signs one in: it gets a challenge.
///
/// # Errors
/// `WrongCredentials`, `Busy`.
pub async fn sign_in_operator(platform: &PlatformDb, passwords: &Passwords, (email, password): (&Email, &str)) -> Result<Challenge, Error> {
    let (id, hash) = operator(&platform.begin().await?, email).await?.unzip();
    let fits = passwords.fit(password, hash).await?;
    let id = id.filter(|_| fits).ok_or(Error::WrongCredentials)?;
    let tx = platform.begin().await?;
    let challenge = challenges::open(&tx, Leads::ToPlatform(id)).await?;
    tx.commit().await?;
    Ok(challenge)
}

/// Signs an operator in whose password was right.
///
/// # Errors
/// `ChallengeEnded`, also for who was disabled meanwhile; `WrongCode`, `TooManyCodes`.
pub async fn operator_answers_challenge(
    platform: &PlatformDb,
    means: Means<'_>,
    (challenge, code): (&str, &str),
    device: &Device,
) -> Result<(Session, Option<i64>), Error> {
    let tx = platform.begin().await?;
    let open = challenges::try_once(&tx, "operator", challenge).await?;
    let Leads::ToPlatform(operator) = open.leads else { return Err(Error::ChallengeEnded) };
    let (tx, proof) = Proof::of_second_factor(tx, means, Subject::Operator(operator), code).await?;
    challenges::close(&tx, open).await?;
    let session = sessions::begin(&tx, Principal::Operator(operator), &proof, device).await?;
    tx.commit().await?;
    Ok((session, proof.recovery_codes_left()))
}

/// Begins a session in another store of the same account, without its password: whoever asks is signed in. What they have proved, and
/// when, goes with them.
///
/// # Errors
/// `NoSuchStore`.
pub async fn switch_store(tx: &PlatformTx, who: SignedInAs, store: &str, device: &Device) -> Result<SignedIn, Error> {
    let membership = choose(memberships(tx, who.account).await?, Some(store))?;
    begin(tx, who.account, membership, &Proof::of_session(who), device).await
}

async fn begin(tx: &PlatformTx, account: AccountId, membership: Membership, proof: &Proof, device: &Device) -> Result<SignedIn, Error> {
    let session = sessions::begin(tx, Principal::Account(account, membership.tenant), proof, device).await?;
    Ok(SignedIn { session, membership, recovery_codes_left: proof.recovery_codes_left() })
}

fn choose(mut memberships: Vec<Membership>, store: Option<&str>) -> Result<Membership, Error> {
    match store {
        Some(slug) => memberships.into_iter().find(|membership| membership.slug == slug).ok_or(Error::NoSuchStore),
        None if memberships.len() > 1 => Err(Error::SeveralStores),
        None => memberships.pop().ok_or(Error::NoSuchStore),
    }
}

/// The stores in which an account works, the first it joined first.
///
/// # Errors
/// Postgres is away.
pub async fn memberships(tx: &PlatformTx, account: AccountId) -> Result<Vec<Membership>, DbErr> {
    let sql = format!(
        "SELECT m.tenant_id, t.slug, t.name, {} FROM memberships m JOIN tenants t ON t.id = m.tenant_id
         LEFT JOIN roles r ON r.tenant_id = m.tenant_id AND r.id = m.role_id
         WHERE m.account_id = $1 ORDER BY m.created_at LIMIT 1000",
        Role::COLUMNS
    );
    let rows = tx.query_all_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, [account.into()])).await?;
    let membership = |row: &sea_orm::QueryResult| {
        let role = Role::of(row)?;
        Ok(Membership { tenant: row.try_get("", "tenant_id")?, slug: row.try_get("", "slug")?, name: row.try_get("", "name")?, role })
    };
    rows.iter().map(membership).collect()
}

async fn operator(tx: &PlatformTx, email: &Email) -> Result<Option<(OperatorId, String)>, DbErr> {
    let sql = "SELECT id, password_hash FROM operators WHERE email = $1 AND disabled_at IS NULL";
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, [email.as_str().into()]);
    let Some(row) = tx.query_one_raw(statement).await? else { return Ok(None) };
    Ok(Some((row.try_get("", "id")?, row.try_get("", "password_hash")?)))
}
