//! Opening a store: one call, one transaction. The password is checked or hashed before it begins.

use sea_orm::{ConnectionTrait, DbErr, Statement, Value};
use tenancy::{AccountId, BuiltInRole, Permission, PlatformDb, PlatformTx, TenantId, TenantTx, directory::KeyKind};

use super::{
    Error, StoreOpened, default_tax,
    settings::{self, CartMerge, Settings},
    slug,
};
use crate::{
    clock::Clock,
    fault::{FieldFault, OnConstraint},
    identity::{
        self, Passwords, Proof, Session,
        accounts::{self, Account},
        api_keys::{self, NewKey},
        oauth::{self, Brought, Providers},
        second_factors::{AccountRecoveryCodeUsed, Means, Subject},
        sessions::{self, Device, Principal},
    },
    ids::LocationId,
    money::Currency,
    outbox, shipping,
    tax::{self, rates::NewRate},
    text::{Email, clean_line},
};

/// The first order of a store is number 1001: nobody needs to know that it is the first.
const ORDERS_COUNTED_BEFORE: i64 = 1000;
const RESERVATION_MINUTES: i32 = 30;

#[derive(Clone, Debug)]
pub struct NewStore {
    /// Of the person; kept when the account is new.
    pub owner_name: String,
    pub slug: String,
    pub name: String,
    pub currency: String,
    /// Further currencies.
    pub currencies: Vec<String>,
    pub country: String,
    pub time_zone: String,
    pub prices_include_tax: bool,
}

/// A store that can sell, and what its owner needs to go on. The secrets are shown here and never again.
#[derive(Clone, Debug)]
pub struct OpenedStore {
    pub tenant: TenantId,
    pub slug: String,
    pub settings: Settings,
    pub owner: AccountId,
    pub publishable_key: String,
    pub secret_key: String,
    pub session: Session,
}

/// Opens a store for an account: a new one, or the one of this e-mail when the password is its own.
///
/// `host_of` says on which host name a store of a slug answers.
///
/// # Errors
/// `Invalid` with every wrong field, `SlugTaken`, `WrongCredentials` when the e-mail has an account with another password; `SecondFactorRequired`,
/// `WrongCode` and `TooManyCodes` when that account has a second factor.
pub async fn open_store(
    platform: &PlatformDb,
    passwords: &Passwords,
    means: Means<'_>,
    host_of: impl Fn(&str) -> String,
    ((email, password, code), new): ((&Email, &str, Option<&str>), NewStore),
    device: &Device,
) -> Result<OpenedStore, Error> {
    let clock = means.clock;
    // All that can be wrong with the request itself is said before it is known whose address this is.
    let (owner_name, first) = checked(email, &new, clock)?;
    Passwords::check(email.as_str(), password)?;
    let tx = platform.begin().await?;
    if is_taken(&tx, &new.slug).await? {
        return Err(Error::SlugTaken(new.slug));
    }
    let found = accounts::get(&tx, email).await?;
    drop(tx);
    let owner = match found {
        Some(account) if passwords.fit(password, account.password_hash.clone()).await? => Owner::Known(account),
        Some(_) => return Err(identity::Error::WrongCredentials.into()),
        None => Owner::New(passwords.hash(email.as_str(), password).await?),
    };

    let tx = platform.begin().await?;
    let owner = match owner {
        Owner::Known(account) if accounts::still_has(&tx, account.id, account.password_hash.as_deref()).await? => account.id,
        Owner::Known(_) => return Err(identity::Error::WrongCredentials.into()),
        Owner::New(hash) => {
            let made = accounts::create(&tx, clock, (email, &owner_name), &hash).await?;
            // Taken in the moment between: whoever took it has another password as far as we know.
            made.ok_or(identity::Error::WrongCredentials)?
        }
    };
    let (tx, proof) = Proof::in_one_request(tx, means, Subject::Account(owner), code).await?;
    opened(tx, clock, (owner, &proof), (&new.slug, &host_of(&new.slug)), first, device).await
}

/// Opens a store for somebody who is known elsewhere: for the account that they are linked to, or for a new one, which has no password
/// and the address that the provider has proved. An error leaves the grant as it was.
///
/// # Errors
/// `Invalid` with every wrong field, `SlugTaken`, `GrantInvalid`, `EmailUnproved`, `LinkFirst` when the address has an account;
/// `SecondFactorRequired`, `WrongCode` and `TooManyCodes` when theirs has a second factor.
pub async fn open_store_by_provider(
    platform: &PlatformDb,
    (providers, means): (&Providers, Means<'_>),
    host_of: impl Fn(&str) -> String,
    ((brought, code), new): ((&Brought, Option<&str>), NewStore),
    device: &Device,
) -> Result<OpenedStore, Error> {
    let clock = means.clock;
    let tx = platform.begin().await?;
    // A wrong code is counted for good, and must leave the grant as it is: it is looked at before, and taken after.
    let proof = oauth::look(&tx, providers, brought).await?;
    let known = oauth::identities::owner(&tx, &proof).await?;
    let (owner, first, (tx, proof)) = if let Some(owner) = known {
        let (_, first) = checked(&accounts::find(&tx, owner).await?.email.parse().map_err(|_| oauth::Error::EmailUnproved)?, &new, clock)?;
        (owner, first, Proof::in_one_request(tx, means, Subject::Account(owner), code).await?)
    } else {
        let (owner_name, first) = checked(proof.email.as_ref().ok_or(oauth::Error::EmailUnproved)?, &new, clock)?;
        let owner = oauth::new_account(&tx, clock, &proof, &owner_name).await?;
        (owner, first, Proof::in_one_request(tx, means, Subject::Account(owner), None).await?)
    };
    oauth::redeem(&tx, providers, brought).await?;
    opened(tx, clock, (owner, &proof), (&new.slug, &host_of(&new.slug)), first, device).await
}

/// The store of an account that is there, in the rest of the transaction.
async fn opened(
    tx: PlatformTx,
    clock: &Clock,
    (owner, proof): (AccountId, &Proof),
    (slug, host): (&str, &str),
    first: Settings,
    device: &Device,
) -> Result<OpenedStore, Error> {
    let tenant = TenantId::new();
    register(&tx, clock, tenant, (slug, host), &first).await?;
    let session = sessions::begin(&tx, Principal::Account(owner, tenant), proof, device).await?;
    let tx = tx.enter(tenant).await?;
    furnish(&tx, clock, owner, &first).await?;
    let publishable =
        NewKey { name: "Storefront".into(), kind: KeyKind::Publishable, scopes: Vec::new(), origins: Vec::new(), expires_at: None };
    let secret = NewKey {
        name: "First secret key".into(),
        kind: KeyKind::Secret,
        scopes: Permission::ALL.to_vec(),
        origins: Vec::new(),
        expires_at: None,
    };
    let (_, publishable_key) = api_keys::create(&tx, clock, Permission::ALL, publishable).await?;
    let (_, secret_key) = api_keys::create(&tx, clock, Permission::ALL, secret).await?;
    outbox::record(&tx, clock, &StoreOpened { store: tenant, owner }).await?;
    if let Some(left) = proof.recovery_codes_left() {
        outbox::record(&tx, clock, &AccountRecoveryCodeUsed { account_id: owner, left }).await?;
    }
    tx.commit().await?;
    Ok(OpenedStore { tenant, slug: slug.to_owned(), settings: first, owner, publishable_key, secret_key, session })
}

enum Owner {
    Known(Account),
    /// By the hash of the password.
    New(String),
}

/// The account's name and the first settings, or every field that is wrong.
fn checked(email: &Email, new: &NewStore, clock: &Clock) -> Result<(String, Settings), Error> {
    let mut faults = Vec::new();
    if let Err(fault) = slug::check(&new.slug) {
        faults.push(fault);
    }
    let owner_name = clean_line("/owner_name", &new.owner_name, 100).map_err(|fault| faults.push(fault)).unwrap_or_default();
    let now = clock.now();
    let first = Settings {
        name: new.name.clone(),
        contact_email: email.as_str().to_owned(),
        currency: new.currency.clone(),
        currencies: new.currencies.clone(),
        country: new.country.clone(),
        time_zone: new.time_zone.clone(),
        prices_include_tax: new.prices_include_tax,
        reservation_minutes: RESERVATION_MINUTES,
        cart_merge: CartMerge::default(),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    match settings::checked(first) {
        Ok(first) if faults.is_empty() => Ok((owner_name, first)),
        Ok(_) => Err(Error::Invalid(faults)),
        Err(more) => Err(Error::Invalid([faults, more].concat())),
    }
}

async fn is_taken(tx: &PlatformTx, slug: &str) -> Result<bool, DbErr> {
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), "SELECT 1 FROM tenants WHERE slug = $1", [slug.into()]);
    Ok(tx.query_one_raw(statement).await?.is_some())
}

/// The platform's own rows: that the store is, and where it answers.
async fn register(tx: &PlatformTx, clock: &Clock, tenant: TenantId, (slug, host): (&str, &str), first: &Settings) -> Result<(), Error> {
    let taken = || Error::SlugTaken(slug.to_owned());
    let sql =
        "INSERT INTO tenants (id, slug, name, status, plan, created_at, updated_at) VALUES ($1, $2, $3, 'active', 'standard', $4, $4)";
    let values: [Value; 4] = [tenant.into(), slug.into(), (&*first.name).into(), clock.now().into()];
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values))
        .await
        .on_constraint("tenants_slug_key", taken)?;
    let sql = "INSERT INTO tenant_hosts (host, tenant_id, kind, verified_at, created_at) VALUES ($1, $2, 'platform', $3, $3)";
    let values: [Value; 3] = [host.into(), tenant.into(), clock.now().into()];
    let made = tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await;
    made.on_constraint("tenant_hosts_pkey", taken)?;
    Ok(())
}

/// What a store needs before it can sell.
async fn furnish(tx: &TenantTx, clock: &Clock, owner: AccountId, first: &Settings) -> Result<(), Error> {
    settings::create(tx, first).await?;
    let sql = "INSERT INTO memberships (tenant_id, account_id, role, created_at) VALUES ($1, $2, $3, $4)";
    insert(tx, sql, [owner.into(), BuiltInRole::Owner.as_str().into(), clock.now().into()]).await?;
    let sql =
        "INSERT INTO locations (tenant_id, id, name, country, is_default, created_at, updated_at) VALUES ($1, $2, $3, $4, true, $5, $5)";
    insert(tx, sql, [LocationId::new().into(), "Main location".into(), (&*first.country).into(), clock.now().into()]).await?;
    let sql = "INSERT INTO order_counters (tenant_id, last_number) VALUES ($1, $2)";
    insert(tx, sql, [ORDERS_COUNTED_BEFORE.into()]).await?;
    if let Some(percent) = default_tax::standard_rate(&first.country) {
        let (country, tax_class) = (first.country.clone(), tax::STANDARD_CLASS.to_owned());
        tax::rates::create(tx, clock, NewRate { country, tax_class, name: "VAT".into(), percent: percent.into() }).await?;
    }
    let fault = |_| Error::Invalid(vec![FieldFault::new("/currency", "currency", "must be a currency code")]);
    let currency: Currency = first.currency.parse().map_err(fault)?;
    shipping::defaults(tx, clock, &first.country, currency).await?;
    Ok(())
}

/// `$1` is the tenant.
async fn insert(tx: &TenantTx, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<(), DbErr> {
    let values = std::iter::once(tx.tenant().into()).chain(values);
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await.map(|_| ())
}
