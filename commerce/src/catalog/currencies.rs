//! The currencies that a store sells in.

use sea_orm::{DbErr, FromQueryResult};
use tenancy::TenantTx;

use crate::{money::Currency, sql};

pub(super) struct Currencies {
    pub main: Currency,
    pub all: Vec<Currency>,
}

/// What the store's settings say.
pub(super) async fn of_store(tx: &TenantTx) -> Result<Currencies, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        currency: String,
        currencies: Vec<String>,
    }
    let text = "SELECT currency, currencies FROM store_settings WHERE tenant_id = $1";
    let row: Row = sql::one(tx, text, [tx.tenant().into()]).await?.ok_or_else(|| DbErr::RecordNotFound("store_settings".into()))?;
    let read = |code: &str| code.parse().map_err(|_| DbErr::Type(format!("`{code}` is not a currency")));
    Ok(Currencies { main: read(&row.currency)?, all: row.currencies.iter().map(|code| read(code)).collect::<Result<_, _>>()? })
}
