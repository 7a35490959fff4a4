//! The chain of refresh tokens behind a session, whoever is signed in: each works once and has one successor, of a family one
//! token, the tip, is alive, and a token that comes back after its grace ends its family.
//!
//! A token's successor is derived from it (HMAC with the platform's secret), not drawn: whoever repeats a refresh within the
//! grace, because the answer was lost or because two tabs asked at once, gets the same successor, and there are never two
//! live tips. The database's clock decides.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value};
use tenancy::directory::hash_of;
use uuid::Uuid;

use super::{Device, Error};

pub const GRACE_SECONDS: i32 = 10;
pub const LIVES_DAYS: i32 = 30;

const PREFIX: &str = "rt_";

/// The first token of a family.
pub(crate) fn draw() -> String {
    let mut random = [0_u8; 32];
    rand::fill(&mut random);
    format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(random))
}

/// What is kept of a token.
pub(crate) fn hash(token: &str) -> Value {
    hash_of(token).to_vec().into()
}

/// A table of refresh tokens.
pub(crate) struct Chain {
    pub table: &'static str,
    /// The column by whose value tokens are found beside their hash: one kind of person, or one store, never sees another's.
    pub scope: &'static str,
    /// The columns that all tokens of a family share, `family_id` among them.
    pub family: &'static str,
}

/// What became of a token that was shown.
pub(crate) enum Turned {
    /// It gave way to its successor. The transaction is to be committed.
    Renewed(QueryResult, String),
    /// It had given way a moment ago; this is the same successor again.
    Repeated(QueryResult, String),
    /// It was used before the grace: its family has ended. The transaction is to be committed.
    Stolen,
}

impl Chain {
    /// Exchanges a token for its successor. The rows are the family's columns.
    ///
    /// # Errors
    /// `SessionEnded`: the token is unknown, expired or revoked.
    pub async fn turn(
        &self,
        tx: &impl ConnectionTrait,
        secret: &[u8],
        (scope, token): (Value, &str),
        device: &Device,
    ) -> Result<Turned, Error> {
        if !token.starts_with(PREFIX) || token.len() > 100 {
            return Err(Error::SessionEnded);
        }
        let successor = successor(secret, token);
        if let Some(family) = self.rotate(tx, scope.clone(), (token, &successor), device).await? {
            return Ok(Turned::Renewed(family, successor));
        }
        let Some(used) = self.used_before(tx, scope, token).await? else { return Err(Error::SessionEnded) };
        if used.try_get("", "in_grace")? {
            return Ok(Turned::Repeated(used, successor));
        }
        let family = used.try_get("", "family_id")?;
        self.revoke(tx, family).await?;
        tracing::warn!(session.id = %family, "A refresh token was used twice; its session is ended");
        Ok(Turned::Stolen)
    }

    /// Ends the session of a token, whichever token of its family it is, and names it.
    ///
    /// # Errors
    /// Postgres is away.
    pub async fn end(&self, tx: &impl ConnectionTrait, (scope, token): (Value, &str)) -> Result<Option<Uuid>, DbErr> {
        let Self { table, scope: column, .. } = self;
        let sql = format!("SELECT family_id FROM {table} WHERE {column} = $2 AND token_hash = $1");
        let Some(row) = tx.query_one_raw(statement(sql, [hash(token), scope])).await? else { return Ok(None) };
        let family = row.try_get("", "family_id")?;
        Ok(self.revoke(tx, family).await?.then_some(family))
    }

    /// Ends a family, and says whether it still lived. Asked again until nothing of it lives: a refresh that was on its way may
    /// have made another tip.
    ///
    /// # Errors
    /// Postgres is away.
    pub async fn revoke(&self, tx: &impl ConnectionTrait, family: Uuid) -> Result<bool, DbErr> {
        let sql = format!("UPDATE {} SET revoked_at = now() WHERE family_id = $1 AND revoked_at IS NULL", self.table);
        let mut has_lived = false;
        while tx.execute_raw(statement(sql.clone(), [family.into()])).await?.rows_affected() > 0 {
            has_lived = true;
        }
        Ok(has_lived)
    }

    /// One statement: the token stops being the tip and its successor begins, or neither.
    async fn rotate(
        &self,
        tx: &impl ConnectionTrait,
        scope: Value,
        (token, successor): (&str, &str),
        device: &Device,
    ) -> Result<Option<QueryResult>, DbErr> {
        let Self { table, scope: column, family } = self;
        let sql = format!(
            "WITH used AS (
               UPDATE {table} SET used_at = now()
               WHERE {column} = $2 AND token_hash = $1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > now()
               RETURNING {family}, began_at, user_agent)
             INSERT INTO {table} (id, token_hash, {family}, began_at, user_agent, address, created_at, expires_at)
             SELECT $3, $4, {family}, began_at, coalesce($6, user_agent), $7, now(), now() + make_interval(days => $5) FROM used RETURNING {family}"
        );
        let values: [Value; 7] = [
            hash(token),
            scope,
            Uuid::now_v7().into(),
            hash(successor),
            LIVES_DAYS.into(),
            device.user_agent.clone().into(),
            device.address.to_string().into(),
        ];
        tx.query_one_raw(statement(sql, values)).await
    }

    /// Only a family that still lives has a grace: after a sign-out nothing comes back.
    async fn used_before(&self, tx: &impl ConnectionTrait, scope: Value, token: &str) -> Result<Option<QueryResult>, DbErr> {
        let Self { table, scope: column, family } = self;
        let sql = format!(
            "SELECT {family}, used_at > clock_timestamp() - make_interval(secs => $3) AS in_grace FROM {table}
             WHERE {column} = $2 AND token_hash = $1 AND used_at IS NOT NULL AND revoked_at IS NULL"
        );
        let values: [Value; 3] = [hash(token), scope, f64::from(GRACE_SECONDS).into()];
        tx.query_one_raw(statement(sql, values)).await
    }
}

fn successor(secret: &[u8], token: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let mut context = hmac::Context::with_key(&key);
    context.update(b"stoa refresh token\0");
    context.update(token.as_bytes());
    format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(context.sign()))
}

fn statement(sql: String, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}
