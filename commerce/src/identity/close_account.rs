//! The end of an account, in all its stores at once or in none.

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement, Value};
use tenancy::{AccountId, PlatformDb, PlatformTx};
use uuid::Uuid;

use super::{
    AccountClosed, Error, Passwords,
    accounts::Profile,
    reauthenticate::reauthenticate_and_hold,
    sessions::{self, SignedInAs},
    sign_in::memberships,
    team,
};
use crate::{clock::Clock, outbox};

/// Whom to tell that an account is closed.
#[derive(Clone, FromQueryResult)]
pub struct Farewell {
    pub email: String,
    pub name: String,
}

/// Leaves every store, ends every session, and takes out of the account who it was; what it did stays with its id. Answers which
/// sessions were ended.
///
/// # Errors
/// `WrongPassword`, `SignInAgain`, `Busy`; `LastOwnerOf` names the stores that would have no owner left, and nothing has changed then.
pub async fn close_account(
    platform: &PlatformDb,
    passwords: &Passwords,
    clock: &Clock,
    who: SignedInAs,
    password: Option<&str>,
) -> Result<Vec<Uuid>, Error> {
    let (mut tx, account) = reauthenticate_and_hold(platform, passwords, who, password).await?;
    let ended = sessions::end_all(&tx, who.account.uuid()).await?;
    let mut stores = memberships(&tx, who.account).await?;
    // Teams are locked in one order, whoever leaves them.
    stores.sort_unstable_by_key(|store| store.tenant);
    let mut last_in = Vec::new();
    for store in stores {
        let inside = tx.enter(store.tenant).await?;
        match team::members::leave_in(&inside, clock, who.account).await {
            Err(Error::LastOwner) => last_in.push(store.slug),
            left => left?,
        }
        tx = inside.leave().await?;
    }
    if !last_in.is_empty() {
        return Err(Error::LastOwnerOf(last_in));
    }
    let farewell = keep_farewell(&tx, clock, &account).await?;
    forget(&tx, clock, who.account).await?;
    let tx = tx.enter(who.tenant).await?;
    outbox::record(&tx, clock, &AccountClosed { account_id: who.account, farewell }).await?;
    tx.commit().await?;
    Ok(ended)
}

async fn keep_farewell(tx: &PlatformTx, clock: &Clock, account: &Profile) -> Result<Uuid, DbErr> {
    let id = Uuid::now_v7();
    let values = [id.into(), account.email.as_str().into(), account.name.as_str().into(), clock.now().into()];
    run(tx, "INSERT INTO account_farewells (id, email, name, created_at) VALUES ($1, $2, $3, $4)", values).await?;
    Ok(id)
}

/// The row stays, without a person: what it did in stores is told of its id.
async fn forget(tx: &PlatformTx, clock: &Clock, id: AccountId) -> Result<(), DbErr> {
    for (table, column) in [("account_codes", "account_id"), ("account_identities", "account_id"), ("account_oauth_flows", "linked_to")] {
        run(tx, &format!("DELETE FROM {table} WHERE {column} = $1"), [id.into()]).await?;
    }
    for table in ["refresh_tokens", "second_factors", "recovery_codes", "second_factor_guesses", "sign_in_challenges"] {
        run(tx, &format!("DELETE FROM {table} WHERE principal = 'account' AND principal_id = $1"), [id.into()]).await?;
    }
    let sql = "UPDATE accounts SET email = $2, name = 'Closed account', password_hash = NULL, email_verified_at = NULL, closed_at = $3,
                 updated_at = $3 WHERE id = $1";
    run(tx, sql, [id.into(), format!("{id}@erased.invalid").into(), clock.now().into()]).await
}

/// Whom to tell, if nobody has yet.
///
/// # Errors
/// Postgres is away.
pub async fn farewell(tx: &PlatformTx, id: Uuid) -> Result<Option<Farewell>, DbErr> {
    let sql = "SELECT email, name FROM account_farewells WHERE id = $1";
    Farewell::find_by_statement(Statement::from_sql_and_values(tx.get_database_backend(), sql, [id.into()])).one(tx).await
}

/// They were told: the last that was known of them goes.
///
/// # Errors
/// Postgres is away.
pub async fn forget_farewell(tx: &PlatformTx, id: Uuid) -> Result<(), DbErr> {
    run(tx, "DELETE FROM account_farewells WHERE id = $1", [id.into()]).await
}

async fn run<const N: usize>(tx: &PlatformTx, sql: &str, values: [Value; N]) -> Result<(), DbErr> {
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await.map(|_| ())
}
