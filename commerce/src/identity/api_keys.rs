//! Keys with which software calls: publishable ones open a storefront, secret ones what their scopes say.
//!
//! A key is `pk_` or `sk_`, 43 random letters and digits (256 bits) and a checksum of six, so that a mistyped key is refused
//! without asking the database and a leaked one can be recognised.

use chrono::{DateTime, TimeDelta, Utc};
use rand::{Rng, distr::Alphanumeric};
use sea_orm::{DbErr, FromQueryResult, QueryResult, Value};
use tenancy::{
    ApiKeyId, Permission, TenantTx,
    directory::{self, KeyKind, hash_of},
};

use super::{Error, origin, team};
use crate::{
    clock::Clock,
    fault::FieldFault,
    page::{Cursor, Page, PageQuery},
    sql,
    text::clean_line,
};

const RANDOM: usize = 43;
const CHECKSUM: usize = 6;
const PREFIX: usize = 3;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SORT: &str = "keys";

/// A key lives so long at most, where it is told when to end.
const LIVES_AT_MOST: TimeDelta = TimeDelta::days(2 * 365);

/// A key, without its secret.
#[derive(Clone, Debug)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    pub kind: KeyKind,
    /// How it begins and ends, to tell keys apart.
    pub hint: String,
    pub scopes: Vec<Permission>,
    /// The pages from which browsers may send it; none: any.
    pub origins: Vec<String>,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    /// To the minute, and told some minutes late.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The key whose place it took.
    pub rotated_from: Option<ApiKeyId>,
    /// The key that takes its place.
    pub replaced_by: Option<ApiKeyId>,
    pub version: i64,
    /// Revoked or expired, by the database's clock.
    pub(super) has_ended: bool,
}

#[derive(Clone, Debug)]
pub struct NewKey {
    pub name: String,
    pub kind: KeyKind,
    pub scopes: Vec<Permission>,
    pub origins: Vec<String>,
    pub expires_at: Option<DateTime<Utc>>,
}

/// What may change of a key. Absent leaves; an inner None has it live without an end.
#[derive(Clone, Debug, Default)]
pub struct KeyChanges {
    pub name: Option<String>,
    pub origins: Option<Vec<String>>,
    pub expires_at: Option<Option<DateTime<Utc>>>,
}

impl ApiKey {
    /// Whether somebody may change the key, or read a secret in its place: who lacks what it may do, may not.
    pub(super) fn must_be_within(&self, permissions: &[Permission]) -> Result<(), Error> {
        all_of(&self.scopes, permissions)
    }
}

/// Makes a key and answers it with its secret, which nobody can read again.
///
/// # Errors
/// `NotYours` for a scope that `granted_by` lacks, `ScopesDoNotFit`; `Invalid` names the field.
pub async fn create(tx: &TenantTx, clock: &Clock, granted_by: &[Permission], mut new: NewKey) -> Result<(ApiKey, String), Error> {
    if (new.kind == KeyKind::Secret) == new.scopes.is_empty() {
        return Err(Error::ScopesDoNotFit);
    }
    all_of(&new.scopes, granted_by)?;
    new.scopes.sort_unstable();
    new.scopes.dedup();
    new.name = clean_line("/name", &new.name, 100).map_err(Error::Invalid)?;
    new.origins = origins(new.kind, &new.origins)?;
    new.expires_at.map(|end| end_of(end, clock)).transpose()?;
    let (id, secret) = insert(tx, clock, new, None).await?;
    Ok((find(tx, id).await?, secret))
}

/// Writes a key down that has been looked at, and answers its secret.
pub(super) async fn insert(tx: &TenantTx, clock: &Clock, key: NewKey, rotated_from: Option<ApiKeyId>) -> Result<(ApiKeyId, String), DbErr> {
    let (id, secret) = (ApiKeyId::new(), generate(key.kind));
    let hint = format!("{}…{}", &secret[..PREFIX], &secret[secret.len() - 4..]);
    let text = "INSERT INTO api_keys (tenant_id, id, name, kind, hint, token_hash, scopes, origins, created_at, expires_at, rotated_from)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let scopes: Vec<String> = key.scopes.iter().map(ToString::to_string).collect();
    let values: [Value; 11] = [
        tx.tenant().into(),
        id.into(),
        key.name.into(),
        word(key.kind).into(),
        hint.into(),
        hash_of(&secret).to_vec().into(),
        scopes.into(),
        key.origins.into(),
        clock.now().into(),
        key.expires_at.into(),
        rotated_from.into(),
    ];
    sql::run(tx, text, values).await?;
    Ok((id, secret))
}

/// That a key `k` is neither revoked nor past its end, by the database's clock.
macro_rules! key_lives {
    () => {
        "k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())"
    };
}
pub(super) use key_lives;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT k.id, k.name, k.kind, k.hint, k.scopes, k.origins, k.created_at, k.expires_at, k.revoked_at, u.last_used_at, ",
            "k.rotated_from, n.id AS replaced_by, k.version, NOT (",
            key_lives!(),
            ") AS has_ended ",
            "FROM api_keys k LEFT JOIN api_key_uses u ON u.tenant_id = k.tenant_id AND u.key_id = k.id ",
            "LEFT JOIN api_keys n ON n.tenant_id = k.tenant_id AND n.rotated_from = k.id WHERE k.tenant_id = $1 AND ",
            $rest
        )
    };
}

/// The store's keys, the newest first, those that have ended included.
///
/// # Errors
/// Postgres is away; the cursor is another list's.
pub async fn list(tx: &TenantTx, page: &PageQuery) -> Result<Page<ApiKey>, Error> {
    let after = page.after.as_ref().map(|cursor| cursor.for_list(Some(tx.tenant()), SORT)).transpose();
    let after = after.map_err(|error| Error::Invalid(FieldFault::new("/after", "cursor", error.to_string())))?;
    let text = select!("($2::uuid IS NULL OR k.id < $2) ORDER BY k.id DESC LIMIT $3");
    let limit = i64::try_from(page.limit + 1).unwrap_or(i64::MAX);
    let values: [Value; 3] = [tx.tenant().into(), after.map(|cursor| cursor.id).into(), limit.into()];
    let keys = sql::all(tx, text, values).await?;
    Ok(Page::of(keys, page.limit, |key: &ApiKey| Cursor::new(Some(tx.tenant()), SORT, "", key.id.uuid())))
}

/// # Errors
/// `KeyNotFound`.
pub async fn find(tx: &TenantTx, id: ApiKeyId) -> Result<ApiKey, Error> {
    sql::one(tx, select!("k.id = $2"), [tx.tenant().into(), id.into()]).await?.ok_or(Error::KeyNotFound(id))
}

/// A key that has not ended, locked until the transaction ends.
pub(super) async fn lock(tx: &TenantTx, id: ApiKeyId) -> Result<ApiKey, Error> {
    sql::run(tx, "SELECT 1 FROM api_keys WHERE tenant_id = $1 AND id = $2 FOR UPDATE", [tx.tenant().into(), id.into()]).await?;
    // A statement of its own, which sees what the last one who held the lock has made.
    let key = find(tx, id).await?;
    if key.has_ended { Err(Error::KeyEnded) } else { Ok(key) }
}

/// Renames a key, or says from where it may be sent and when it ends. Every process knows as soon as `tx` has committed.
///
/// # Errors
/// `KeyNotFound`, `KeyEnded`, `NotYours` for a key that may what the caller may not, `ChangedMeanwhile` when `expected` is not the
/// current version, `KeyReplaced` for an end put off that was set by a rotation; `Invalid` names the field.
pub async fn change(
    tx: &TenantTx,
    clock: &Clock,
    (id, expected): (ApiKeyId, Option<i64>),
    permissions: &[Permission],
    changes: KeyChanges,
) -> Result<ApiKey, Error> {
    let key = lock(tx, id).await?;
    if expected.is_some_and(|version| version != key.version) {
        return Err(Error::ChangedMeanwhile);
    }
    key.must_be_within(permissions)?;
    let name = changes.name.map_or(Ok(key.name), |name| clean_line("/name", &name, 100)).map_err(Error::Invalid)?;
    let origins = changes.origins.map_or(Ok(key.origins), |list| origins(key.kind, &list))?;
    let expires_at = match changes.expires_at {
        Some(Some(end)) => Some(end_of(end, clock)?),
        Some(None) => None,
        None => key.expires_at,
    };
    let puts_off = expires_at.is_none_or(|end| key.expires_at.is_some_and(|before| end > before));
    if key.replaced_by.is_some() && puts_off {
        return Err(Error::KeyReplaced);
    }
    let text = "UPDATE api_keys SET name = $3, origins = $4, expires_at = $5, version = version + 1 WHERE tenant_id = $1 AND id = $2";
    let values: [Value; 5] = [tx.tenant().into(), id.into(), name.into(), origins.into(), expires_at.into()];
    sql::run(tx, text, values).await?;
    directory::announce(tx).await?;
    find(tx, id).await
}

/// Revokes a key; every process refuses it as soon as `tx` has committed, and the invitations that it has sent work no more. Revoking it
/// again changes nothing.
///
/// # Errors
/// `KeyNotFound`.
pub async fn revoke(tx: &TenantTx, clock: &Clock, id: ApiKeyId) -> Result<(), Error> {
    // An invitation that it is sending at this moment comes before the end, or is refused.
    team::turn(tx).await?;
    let text = "UPDATE api_keys SET revoked_at = coalesce(revoked_at, $3), version = version + 1 WHERE tenant_id = $1 AND id = $2";
    if sql::run(tx, text, [tx.tenant().into(), id.into(), clock.now().into()]).await? == 0 {
        return Err(Error::KeyNotFound(id));
    }
    directory::announce(tx).await?;
    Ok(())
}

/// Whether a key has not ended.
pub(super) async fn lives(tx: &TenantTx, id: ApiKeyId) -> Result<bool, DbErr> {
    let text = concat!("SELECT 1 FROM api_keys k WHERE k.tenant_id = $1 AND k.id = $2 AND ", key_lives!());
    Ok(sql::run(tx, text, [tx.tenant().into(), id.into()]).await? == 1)
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

fn all_of(scopes: &[Permission], permissions: &[Permission]) -> Result<(), Error> {
    match scopes.iter().find(|scope| !permissions.contains(scope)) {
        Some(missing) => Err(Error::NotYours(*missing)),
        None => Ok(()),
    }
}

fn origins(kind: KeyKind, given: &[String]) -> Result<Vec<String>, Error> {
    if kind == KeyKind::Secret && !given.is_empty() {
        let detail = "only a publishable key is sent by browsers";
        return Err(Error::Invalid(FieldFault::new("/origins", "publishable_only", detail)));
    }
    origin::clean(given).map_err(Error::Invalid)
}

fn end_of(end: DateTime<Utc>, clock: &Clock) -> Result<DateTime<Utc>, Error> {
    let now = clock.now();
    if end > now && end <= now + LIVES_AT_MOST {
        return Ok(end);
    }
    Err(Error::Invalid(FieldFault::new("/expires_at", "out_of_range", "must be in the future, two years from now at most")))
}

/// A life of this length that begins now.
pub(super) fn as_long_as(life: TimeDelta, clock: &Clock) -> DateTime<Utc> {
    clock.now() + life.clamp(TimeDelta::hours(1), LIVES_AT_MOST)
}

impl FromQueryResult for ApiKey {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let kind = if row.try_get::<String>(prefix, "kind")? == "secret" { KeyKind::Secret } else { KeyKind::Publishable };
        Ok(Self {
            id: row.try_get(prefix, "id")?,
            name: row.try_get(prefix, "name")?,
            kind,
            hint: row.try_get(prefix, "hint")?,
            scopes: row.try_get::<Vec<String>>(prefix, "scopes")?.iter().filter_map(|scope| scope.parse().ok()).collect(),
            origins: row.try_get(prefix, "origins")?,
            created_at: row.try_get(prefix, "created_at")?,
            expires_at: row.try_get(prefix, "expires_at")?,
            revoked_at: row.try_get(prefix, "revoked_at")?,
            last_used_at: row.try_get(prefix, "last_used_at")?,
            rotated_from: row.try_get(prefix, "rotated_from")?,
            replaced_by: row.try_get(prefix, "replaced_by")?,
            version: row.try_get(prefix, "version")?,
            has_ended: row.try_get(prefix, "has_ended")?,
        })
    }
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
