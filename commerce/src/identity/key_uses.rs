//! When keys were last used, to the minute. A use is noted in memory, so that no request pays for it, and saved for many keys of
//! many stores in one statement. A process that dies loses the last minute of it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbErr, Statement};
use serde_json::{Value, json};
use tenancy::{ApiKeyId, PlatformDb, TenantId};

/// Keys of one statement.
const BITE: usize = 1_000;

type Uses = HashMap<(TenantId, ApiKeyId), DateTime<Utc>>;

/// Cheap to clone; clones note in the same place.
#[derive(Clone, Default)]
pub struct KeyUses(Arc<Mutex<Uses>>);

impl KeyUses {
    /// Notes that a key is used.
    pub fn note(&self, tenant: TenantId, key: ApiKeyId, now: DateTime<Utc>) {
        let minute = now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now);
        self.uses().insert((tenant, key), minute);
    }

    /// Saves what was noted since the last time, each key once. What cannot be saved is noted still.
    ///
    /// # Errors
    /// Postgres is away.
    pub async fn save(&self, platform: &PlatformDb) -> Result<(), DbErr> {
        let mut taken: Vec<_> = std::mem::take(&mut *self.uses()).into_iter().collect();
        // Rows are locked in one order, whichever process saves.
        taken.sort_unstable();
        for bite in taken.chunks(BITE) {
            if let Err(error) = save(platform, bite).await {
                let mut uses = self.uses();
                for (key, minute) in &taken {
                    uses.entry(*key).or_insert(*minute);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    fn uses(&self) -> MutexGuard<'_, Uses> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn save(platform: &PlatformDb, uses: &[((TenantId, ApiKeyId), DateTime<Utc>)]) -> Result<(), DbErr> {
    let row_of =
        |((tenant, key), at): &((TenantId, ApiKeyId), DateTime<Utc>)| json!({ "tenant_id": tenant.uuid(), "key_id": key.uuid(), "at": at });
    let rows: Value = uses.iter().map(row_of).collect();
    let tx = platform.begin().await?;
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), SAVE, [rows.into()])).await?;
    tx.commit().await
}

const SAVE: &str = "
INSERT INTO api_key_uses AS kept (tenant_id, key_id, last_used_at)
SELECT used.tenant_id, used.key_id, used.at
FROM jsonb_to_recordset($1) AS used (tenant_id uuid, key_id uuid, at timestamptz)
JOIN api_keys k ON k.tenant_id = used.tenant_id AND k.id = used.key_id
ORDER BY 1, 2
ON CONFLICT (tenant_id, key_id) DO UPDATE SET last_used_at = excluded.last_used_at WHERE kept.last_used_at < excluded.last_used_at";
