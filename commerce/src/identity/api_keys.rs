//! Keys with which software calls: publishable ones open a storefront, secret ones what their scopes say.
//!
//! A key is `pk_` or `sk_`, 43 random letters and digits (256 bits) and a checksum of six, so that a mistyped key is refused
//! without asking the database and a leaked one can be recognised.

use chrono::{DateTime, Utc};
use rand::{Rng, distr::Alphanumeric};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};
use tenancy::{
    ApiKeyId, Permission, TenantTx,
    directory::{self, KeyKind, hash_of},
};

use super::Error;
use crate::{
    clock::Clock,
    page::{Cursor, Page, PageQuery},
    text::clean_line,
};

const RANDOM: usize = 43;
const CHECKSUM: usize = 6;
const PREFIX: usize = 3;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SORT: &str = "keys";

/// A key, without its secret.
#[derive(Clone, Debug)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    pub kind: KeyKind,
    /// How it begins and ends, to tell keys apart.
    pub hint: String,
    pub scopes: Vec<Permission>,
    pub created_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug)]
pub struct NewKey {
    pub name: String,
    pub kind: KeyKind,
    pub scopes: Vec<Permission>,
}

/// Makes a key and answers it with its secret, which nobody can read again.
///
/// # Errors
/// `NotYours` for a scope that `granted_by` lacks, `ScopesDoNotFit`.
pub async fn create(tx: &TenantTx, clock: &Clock, granted_by: &[Permission], mut new: NewKey) -> Result<(ApiKey, String), Error> {
    if (new.kind == KeyKind::Secret) == new.scopes.is_empty() {
        return Err(Error::ScopesDoNotFit);
    }
    if let Some(missing) = new.scopes.iter().find(|scope| !granted_by.contains(scope)) {
        return Err(Error::NotYours(*missing));
    }
    new.scopes.sort_unstable();
    new.scopes.dedup();
    let name = clean_line("/name", &new.name, 100).map_err(Error::Invalid)?;
    let secret = generate(new.kind);
    let hint = format!("{}…{}", &secret[..PREFIX], &secret[secret.len() - 4..]);
    let key = ApiKey { id: ApiKeyId::new(), name, kind: new.kind, hint, scopes: new.scopes, created_at: clock.now(), revoked_at: None };
    let sql =
        "INSERT INTO api_keys (tenant_id, id, name, kind, hint, token_hash, scopes, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let scopes: Vec<String> = key.scopes.iter().map(ToString::to_string).collect();
    let values: [Value; 8] = [
        tx.tenant().into(),
        key.id.into(),
        (&*key.name).into(),
        word(key.kind).into(),
        (&*key.hint).into(),
        hash_of(&secret).to_vec().into(),
        scopes.into(),
        key.created_at.into(),
    ];
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok((key, secret))
}

/// The store's keys, the newest first, revoked ones included.
///
/// # Errors
/// Postgres is away; the cursor is another list's.
pub async fn list(tx: &TenantTx, page: &PageQuery) -> Result<Page<ApiKey>, Error> {
    let after = page.after.as_ref().map(|cursor| cursor.for_list(Some(tx.tenant()), SORT)).transpose();
    let after = after.map_err(|error| Error::Invalid(crate::fault::FieldFault::new("/after", "cursor", error.to_string())))?;
    let sql = "SELECT id, name, kind, hint, scopes, created_at, revoked_at FROM api_keys
               WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3";
    let limit = i64::try_from(page.limit + 1).unwrap_or(i64::MAX);
    let values: [Value; 3] = [tx.tenant().into(), after.map(|cursor| cursor.id).into(), limit.into()];
    let rows = tx.query_all_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    let keys = rows.iter().map(key).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(keys, page.limit, |key| Cursor::new(Some(tx.tenant()), SORT, "", key.id.uuid())))
}

/// Revokes a key; every process refuses it as soon as `tx` has committed. Revoking it again changes nothing.
///
/// # Errors
/// `KeyNotFound`.
pub async fn revoke(tx: &TenantTx, clock: &Clock, id: ApiKeyId) -> Result<(), Error> {
    let sql = "UPDATE api_keys SET revoked_at = coalesce(revoked_at, $3) WHERE tenant_id = $1 AND id = $2";
    let values: [Value; 3] = [tx.tenant().into(), id.into(), clock.now().into()];
    let revoked = tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    if revoked.rows_affected() == 0 {
        return Err(Error::KeyNotFound(id));
    }
    directory::announce(tx).await?;
    Ok(())
}

/// Whether a credential claims to be a key.
pub fn looks_like_key(text: &str) -> bool {
    text.starts_with("sk_") || text.starts_with("pk_")
}

/// Whether the text can be a key at all.
pub fn is_well_formed(text: &str) -> bool {
    let (body_end, length) = (PREFIX + RANDOM, PREFIX + RANDOM + CHECKSUM);
    looks_like_key(text)
        && text.len() == length
        && text.bytes().skip(PREFIX).all(|byte| byte.is_ascii_alphanumeric())
        && text[body_end..] == checksum(&text[..body_end])
}

fn generate(kind: KeyKind) -> String {
    let prefix = match kind {
        KeyKind::Secret => "sk_",
        KeyKind::Publishable => "pk_",
    };
    let body: String = prefix.chars().chain(rand::rng().sample_iter(Alphanumeric).take(RANDOM).map(char::from)).collect();
    let checksum = checksum(&body);
    body + &checksum
}

fn checksum(body: &str) -> String {
    let hash = hash_of(body);
    let mut number = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
    let mut digits = [b'0'; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(number % 62) as usize];
        number /= 62;
    }
    digits.iter().copied().map(char::from).collect()
}

const fn word(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Secret => "secret",
        KeyKind::Publishable => "publishable",
    }
}

fn key(row: &QueryResult) -> Result<ApiKey, DbErr> {
    let kind = if row.try_get::<String>("", "kind")? == "secret" { KeyKind::Secret } else { KeyKind::Publishable };
    Ok(ApiKey {
        id: row.try_get("", "id")?,
        name: row.try_get("", "name")?,
        kind,
        hint: row.try_get("", "hint")?,
        scopes: row.try_get::<Vec<String>>("", "scopes")?.iter().filter_map(|scope| scope.parse().ok()).collect(),
        created_at: row.try_get("", "created_at")?,
        revoked_at: row.try_get("", "revoked_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_knows_its_own_typing_errors() {
        for kind in [KeyKind::Secret, KeyKind::Publishable] {
            let key = generate(kind);
            assert!(is_well_formed(&key), "{key}");
            let mut typo = key.clone().into_bytes();
            typo[10] = if typo[10] == b'a' { b'b' } else { b'a' };
            assert!(!is_well_formed(std::str::from_utf8(&typo).unwrap()));
            assert!(!is_well_formed(&key[..key.len() - 1]));
        }
        for text in ["", "sk_", "sk_é", "pk_ééééééééééééééééééééééééé"] {
            assert!(!is_well_formed(text), "{text}");
        }
        assert_ne!(generate(KeyKind::Secret), generate(KeyKind::Secret));
    }
}
