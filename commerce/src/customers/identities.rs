//! Who customers are elsewhere. Linked and taken away by who is signed in; a mail tells of both.

use sea_orm::{DbErr, FromQueryResult, Value};
use tenancy::{CustomerId, TenantDb, TenantTx};

use super::{CustomerIdentityLinked, CustomerIdentityUnlinked, Error, SignedInAs, customers, reauthenticate, sessions};
use crate::{
    clock::Clock,
    fault::OnConstraint,
    identity::{
        self, Passwords,
        oauth::{
            self, Begin, Begun, Brought, Proof, Providers,
            identities::{AT_MOST, Identity, RECENT_HOURS},
        },
    },
    ids::IdentityId,
    outbox, sql,
};

/// Those of a customer, the oldest first.
///
/// # Errors
/// Postgres is away.
pub async fn list(tx: &TenantTx, of: CustomerId) -> Result<Vec<Identity>, DbErr> {
    let text = "SELECT id, issuer, provider_name, created_at FROM customer_identities
                WHERE tenant_id = $1 AND customer_id = $2 ORDER BY id LIMIT 100";
    sql::all(tx, text, [tx.tenant().into(), of.into()]).await
}

/// Begins a flow that ends in [`link`], as accounts do.
///
/// # Errors
/// `WrongPassword`, `SignInAgain`, `Busy`, and those of beginning.
pub async fn begin_to_link(
    db: &TenantDb,
    (passwords, providers, clock): (&Passwords, &Providers, &Clock),
    who: SignedInAs,
    password: Option<&str>,
    asked: &Begin,
) -> Result<Begun, Error> {
    reauthenticate(db, passwords, who, password).await?;
    Ok(oauth::begin_as_customer(db, (providers, clock), asked, Some(who.customer)).await?)
}

/// Adds a way to sign in.
///
/// # Errors
/// `GrantInvalid`, also for a flow that another began, or that began as a sign-in; `IdentityTaken`, `TooManyIdentities`.
pub async fn link(db: &TenantDb, (providers, clock): (&Providers, &Clock), who: SignedInAs, brought: &Brought) -> Result<Identity, Error> {
    let tx = db.begin().await?;
    customers::lock(&tx, who.customer).await?;
    let proof = oauth::redeem_as_customer(&tx, providers, brought, Some(who.customer)).await?;
    // Asked under the lock: whoever ended the session beside this has ended what it began.
    if !sessions::stands(&tx, who).await? {
        return Err(identity::Error::SessionEnded.into());
    }
    if i64::try_from(list(&tx, who.customer).await?.len()).is_ok_and(|held| held >= AT_MOST) {
        return Err(oauth::Error::TooManyIdentities.into());
    }
    let linked = insert(&tx, clock, who.customer, &proof).await?;
    outbox::record(&tx, clock, &CustomerIdentityLinked { customer: who.customer, issuer: proof.issuer }).await?;
    tx.commit().await?;
    Ok(linked)
}

/// Takes a way to sign in away. Sessions that began by it go on.
///
/// # Errors
/// `IdentityNotFound`, also for another's; `LastWayIn`.
pub async fn unlink(tx: &TenantTx, clock: &Clock, of: CustomerId, id: IdentityId) -> Result<(), Error> {
    let customer = customers::lock(tx, of).await?;
    let held = list(tx, of).await?;
    let gone = held.iter().find(|identity| identity.id == id).ok_or(oauth::Error::IdentityNotFound(id))?;
    if held.len() == 1 && customer.password_hash.is_none() {
        return Err(oauth::Error::LastWayIn.into());
    }
    let text = "DELETE FROM customer_identities WHERE tenant_id = $1 AND id = $2";
    sql::run(tx, text, [tx.tenant().into(), id.into()]).await?;
    outbox::record(tx, clock, &CustomerIdentityUnlinked { customer: of, issuer: gone.issuer.clone() }).await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Owner {
    customer_id: CustomerId,
}

/// Whom an identity signs in.
pub(super) async fn owner(tx: &TenantTx, proof: &Proof) -> Result<Option<CustomerId>, DbErr> {
    let text = "SELECT customer_id FROM customer_identities WHERE tenant_id = $1 AND issuer = $2 AND subject = $3";
    let values: [Value; 3] = [tx.tenant().into(), proof.issuer.clone().into(), proof.subject.clone().into()];
    Ok(sql::one::<Owner>(tx, text, values).await?.map(|row| row.customer_id))
}

pub(super) async fn insert(tx: &TenantTx, clock: &Clock, customer: CustomerId, proof: &Proof) -> Result<Identity, Error> {
    let Proof { issuer, subject, provider_name, .. } = proof.clone();
    let linked = Identity { id: IdentityId::new(), issuer, provider_name, created_at: clock.now() };
    let text = "INSERT INTO customer_identities (tenant_id, id, customer_id, issuer, subject, provider_name, created_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values: [Value; 7] = [
        tx.tenant().into(),
        linked.id.into(),
        customer.into(),
        linked.issuer.clone().into(),
        subject.into(),
        linked.provider_name.clone().into(),
        linked.created_at.into(),
    ];
    let made = sql::run(tx, text, values).await;
    made.on_constraint("customer_identities_issuer_subject_key", || Error::OAuth(oauth::Error::IdentityTaken))?;
    Ok(linked)
}

/// What was linked within [`RECENT_HOURS`] goes. A customer without a password keeps what they began with.
pub(super) async fn forget_recent(tx: &TenantTx, of: CustomerId) -> Result<(), DbErr> {
    let text = "DELETE FROM customer_identities i USING customers c
                WHERE i.tenant_id = $1 AND i.customer_id = $2 AND c.tenant_id = $1 AND c.id = $2
                  AND i.created_at > now() - make_interval(hours => $3) AND (c.password_hash IS NOT NULL OR i.created_at > c.created_at + interval '1 minute')";
    sql::run(tx, text, [tx.tenant().into(), of.into(), RECENT_HOURS.into()]).await.map(|_| ())
}

/// All of a customer's go.
pub(super) async fn forget(tx: &TenantTx, of: CustomerId) -> Result<(), DbErr> {
    let text = "DELETE FROM customer_identities WHERE tenant_id = $1 AND customer_id = $2";
    sql::run(tx, text, [tx.tenant().into(), of.into()]).await.map(|_| ())
}
