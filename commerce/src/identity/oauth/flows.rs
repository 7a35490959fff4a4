//! Flows that are under way: those of accounts are the platform's rows, those of customers stand behind their store's wall. The same
//! statements serve both, for both are found by their id.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, QueryResult, Statement, Value};
use tenancy::{Database, PlatformDb, TenantDb, TenantTx};
use uuid::Uuid;

use super::{Error, Proof, Providers, provider::Provider, secrets::Whose};
use crate::sql;

/// From the first step until the browser is back.
const LASTS_MINUTES: i32 = 10;
/// From then until the client has finished.
const GRANT_LASTS_MINUTES: i32 = 2;

/// The table, and the column that holds the store.
const OF_ACCOUNTS: Table = Table { name: "account_oauth_flows", store: "tenant", may_return: "true" };
const OF_CUSTOMERS: Table = Table {
    name: "customer_oauth_flows",
    store: "tenant_id",
    may_return: "EXISTS (SELECT FROM return_urls r WHERE r.tenant_id = f.tenant_id AND r.url = f.return_to)",
};

struct Table {
    name: &'static str,
    store: &'static str,
    /// That the address of a flow `f` is still one that browsers are sent to.
    may_return: &'static str,
}

/// Where a flow is kept, each step in a transaction of its own: between them the provider is talked to.
pub(super) enum Kept {
    Account(PlatformDb),
    Customer(TenantDb),
}

/// A flow to be.
pub(super) struct NewFlow<'a> {
    pub id: Uuid,
    /// The store that is signed in to, where it is known.
    pub store: Option<Uuid>,
    pub linked_to: Option<Uuid>,
    pub provider: &'a str,
    pub return_to: &'a str,
    pub challenge: &'a str,
}

/// A flow whose browser has come back.
#[derive(FromQueryResult)]
pub(super) struct Flow {
    pub provider: String,
    pub return_to: String,
}

impl Kept {
    pub fn of(database: &Database, whose: Whose) -> Self {
        match whose {
            Whose::Account => Self::Account(database.platform()),
            Whose::Customer(store) => Self::Customer(database.tenant(store)),
        }
    }

    pub async fn provider(&self, providers: &Providers, id: &str) -> Result<Provider, Error> {
        match self {
            Self::Account(_) => providers.of_accounts(id),
            Self::Customer(db) => providers.of_customers(db, id).await,
        }
    }

    /// Begins a flow; answers until when the browser must be back.
    pub async fn begin(&self, new: &NewFlow<'_>) -> Result<DateTime<Utc>, DbErr> {
        let sql = |table: &Table| {
            format!(
                "INSERT INTO {} (id, {}, linked_to, provider, return_to, challenge, created_at, expires_at)
                 VALUES ($1, $2, $3, $4, $5, $6, now(), now() + make_interval(mins => $7)) RETURNING expires_at",
                table.name, table.store
            )
        };
        let values: [Value; 7] = [
            new.id.into(),
            new.store.into(),
            new.linked_to.into(),
            new.provider.into(),
            new.return_to.into(),
            new.challenge.into(),
            LASTS_MINUTES.into(),
        ];
        let row = self.run(sql, values).await?.ok_or_else(|| DbErr::RecordNotInserted)?;
        row.try_get("", "expires_at")
    }

    /// The browser is back: once, and in time.
    pub async fn take_back(&self, id: Uuid) -> Result<Option<Flow>, DbErr> {
        let sql = |table: &Table| {
            format!(
                "UPDATE {} f SET returned_at = now() WHERE id = $1 AND returned_at IS NULL AND expires_at > now() AND {}
                 RETURNING provider, return_to",
                table.name, table.may_return
            )
        };
        let row = self.run(sql, [id.into()]).await?;
        row.map(|row| Flow::from_query_result(&row, "")).transpose()
    }

    /// Notes who was proved; from here on a grant works.
    pub async fn prove(&self, id: Uuid, proof: &Proof) -> Result<(), DbErr> {
        let sql = |table: &Table| {
            format!(
                "UPDATE {} SET issuer = $2, subject = $3, provider_name = $4, email = $5, name = $6,
                   grant_expires_at = now() + make_interval(mins => $7) WHERE id = $1 RETURNING id",
                table.name
            )
        };
        let values: [Value; 7] = [
            id.into(),
            proof.issuer.clone().into(),
            proof.subject.clone().into(),
            proof.provider_name.clone().into(),
            proof.email.as_ref().map(|email| email.as_str().to_owned()).into(),
            proof.name.clone().into(),
            GRANT_LASTS_MINUTES.into(),
        ];
        self.run(sql, values).await.map(|_| ())
    }

    async fn run(&self, sql: impl Fn(&Table) -> String, values: impl IntoIterator<Item = Value>) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Account(platform) => {
                let tx = platform.begin().await?;
                let row = tx.query_one_raw(statement(sql(&OF_ACCOUNTS), values)).await?;
                tx.commit().await?;
                Ok(row)
            }
            Self::Customer(db) => {
                let tx = db.begin().await?;
                let row = tx.query_one_raw(statement(sql(&OF_CUSTOMERS), values)).await?;
                tx.commit().await?;
                Ok(row)
            }
        }
    }
}

/// Which flow a client finishes, and as whom.
pub(super) struct Wanted {
    pub whose: Whose,
    pub id: Uuid,
    /// Of the secret that the client brings.
    pub challenge: String,
    /// Who is signed in and links; none for who signs in.
    pub linked_to: Option<Uuid>,
}

#[derive(FromQueryResult)]
struct Proved {
    issuer: String,
    subject: String,
    provider_name: String,
    email: Option<String>,
    name: Option<String>,
}

const PROVED: &str = "issuer, subject, provider_name, email, name";
/// One condition for looking and for taking.
const FITS: &str = "id = $1 AND challenge = $2 AND linked_to IS NOT DISTINCT FROM $3 AND grant_expires_at > now()";

/// Who a grant stands for; the grant goes on working, and nobody else takes it until the transaction ends: first the flow is held, then
/// who it leads to, in whatever way somebody finishes.
///
/// # Errors
/// `GrantInvalid`.
pub(super) async fn look(tx: &impl ConnectionTrait, wanted: Wanted) -> Result<Proof, Error> {
    let table = table(wanted.whose).name;
    proof(tx, format!("SELECT {PROVED} FROM {table} WHERE {FITS} FOR UPDATE"), wanted).await
}

/// Takes a grant, and with it everything that was kept of the flow.
///
/// # Errors
/// `GrantInvalid`.
pub(super) async fn take(tx: &impl ConnectionTrait, wanted: Wanted) -> Result<Proof, Error> {
    let table = table(wanted.whose).name;
    proof(tx, format!("DELETE FROM {table} WHERE {FITS} RETURNING {PROVED}"), wanted).await
}

async fn proof(tx: &impl ConnectionTrait, sql: String, wanted: Wanted) -> Result<Proof, Error> {
    let values: [Value; 3] = [wanted.id.into(), wanted.challenge.into(), wanted.linked_to.into()];
    let row = tx.query_one_raw(statement(sql, values)).await?.ok_or(Error::GrantInvalid)?;
    let Proved { issuer, subject, provider_name, email, name } = Proved::from_query_result(&row, "")?;
    Ok(Proof { issuer, subject, provider_name, email: email.and_then(|email| email.parse().ok()), name })
}

/// Ends a store's flows whose browsers are back from a provider. Those that are still there come back, and are told that it is gone.
pub(super) async fn end_of_provider(tx: &TenantTx, provider: &str) -> Result<(), DbErr> {
    let text = "DELETE FROM customer_oauth_flows WHERE tenant_id = $1 AND provider = $2 AND returned_at IS NOT NULL";
    sql::run(tx, text, [tx.tenant().into(), provider.into()]).await.map(|_| ())
}

/// Ends a store's flows that lead back to an address.
pub(super) async fn end_of_return_url(tx: &TenantTx, url: &str) -> Result<(), DbErr> {
    let text = "DELETE FROM customer_oauth_flows WHERE tenant_id = $1 AND return_to = $2";
    sql::run(tx, text, [tx.tenant().into(), url.into()]).await.map(|_| ())
}

const fn table(whose: Whose) -> &'static Table {
    match whose {
        Whose::Account => &OF_ACCOUNTS,
        Whose::Customer(_) => &OF_CUSTOMERS,
    }
}

fn statement(sql: String, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}
