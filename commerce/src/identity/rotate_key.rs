//! Another secret in a key's place. Both work for a while, so that no program is locked out while it learns the new one.

use tenancy::{ApiKeyId, Permission, TenantTx, directory};

use super::{
    Error,
    api_keys::{self, ApiKey, NewKey},
};
use crate::{clock::Clock, sql};

pub const OVERLAP_AT_MOST_HOURS: u32 = 168;

/// Makes a key that is called as this one is, may what it may, and lives as long as it was made to; this one ends after the
/// overlap. Answers the new key with its secret, which nobody can read again.
///
/// # Errors
/// `KeyNotFound`, `KeyEnded`, `KeyReplaced`; `NotYours` for a key that may what the caller may not: they would learn a secret with
/// more power than their own.
pub async fn rotate_key(
    tx: &TenantTx,
    clock: &Clock,
    permissions: &[Permission],
    id: ApiKeyId,
    overlap_hours: u32,
) -> Result<(ApiKey, String), Error> {
    let old = api_keys::lock(tx, id).await?;
    old.must_be_within(permissions)?;
    if old.replaced_by.is_some() {
        return Err(Error::KeyReplaced);
    }
    let text = "UPDATE api_keys SET expires_at = least(expires_at, now() + make_interval(hours => $3)), version = version + 1
                WHERE tenant_id = $1 AND id = $2";
    let hours = i32::try_from(overlap_hours.min(OVERLAP_AT_MOST_HOURS)).unwrap_or_default();
    sql::run(tx, text, [tx.tenant().into(), id.into(), hours.into()]).await?;
    let expires_at = old.expires_at.map(|end| api_keys::as_long_as(end - old.created_at, clock));
    let next = NewKey { name: old.name, kind: old.kind, scopes: old.scopes, origins: old.origins, expires_at };
    let (next, secret) = api_keys::insert(tx, clock, next, Some(id)).await?;
    directory::announce(tx).await?;
    Ok((api_keys::find(tx, next).await?, secret))
}
