use sea_orm::{DbErr, FromQueryResult};
use tenancy::{TenantDb, TenantTx};

use super::{
    Error, SignedInAs,
    customers::{self, Customer},
};
use crate::{
    identity::{self, Passwords, step_up::FRESH_MINUTES},
    sql,
};

/// Asks once more who is signed in, before what is theirs alone is touched, as accounts are asked: by the password, or, who has none, by
/// a session that began within the last [`FRESH_MINUTES`]. Answers the customer as they were found.
///
/// # Errors
/// `WrongPassword`, `SignInAgain`, `NotFound`, `Busy`.
pub async fn reauthenticate(db: &TenantDb, passwords: &Passwords, who: SignedInAs, password: Option<&str>) -> Result<Customer, Error> {
    let tx = db.begin().await?;
    let customer = customers::find(&tx, who.customer).await?;
    if customer.closed_at.is_some() {
        return Err(Error::NotFound(who.customer));
    }
    if customer.password_hash.is_none() {
        return if is_fresh(&tx, who).await? { Ok(customer) } else { Err(identity::Error::SignInAgain.into()) };
    }
    drop(tx);
    if !passwords.fit(password.unwrap_or_default(), customer.password_hash.clone()).await? {
        return Err(identity::Error::WrongPassword.into());
    }
    Ok(customer)
}

#[derive(FromQueryResult)]
struct Fresh {
    is_fresh: bool,
}

async fn is_fresh(tx: &TenantTx, who: SignedInAs) -> Result<bool, DbErr> {
    let text = "SELECT EXISTS (SELECT FROM customer_refresh_tokens WHERE tenant_id = $1 AND family_id = $2 AND customer_id = $3
                  AND used_at IS NULL AND revoked_at IS NULL AND began_at > now() - make_interval(mins => $4)) AS is_fresh";
    let found: Option<Fresh> =
        sql::one(tx, text, [tx.tenant().into(), who.session.into(), who.customer.into(), FRESH_MINUTES.into()]).await?;
    Ok(found.is_some_and(|found| found.is_fresh))
}
