use commerce::{cart, customers, identity::team::invitations};
use sea_orm::{ConnectionTrait, DbErr};
use serde::{Deserialize, Serialize};

use crate::call::{Call, JobError};

/// Deletes what nobody will ask for again. Hourly; each table in small bites, so that no lock is held for long.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PruneHistory {}

const BITE: u64 = 2_000;
const BITES: u32 = 20;

/// Which rows, and for how long they are kept. A done job's key is remembered by `handled_jobs` longer than by the queue,
/// and its fact is relayed once only, so forgetting it here repeats nothing.
const RULES: [(&str, &str); 15] = [
    ("apalis.jobs", "status = 'Done' AND done_at < now() - interval '2 days'"),
    ("apalis.jobs", "status = 'Killed' AND done_at < now() - interval '90 days'"),
    ("apalis.workers", "last_seen < now() - interval '1 day' AND NOT EXISTS (SELECT FROM apalis.jobs WHERE jobs.lock_by = workers.id)"),
    ("facts", "relayed_at < now() - interval '90 days'"),
    ("handled_jobs", "handled_at < now() - interval '30 days'"),
    ("sent_mails", "sent_at < now() - interval '180 days'"),
    ("idempotency_keys", "created_at < now() - interval '3 days'"),
    ("account_codes", "expires_at < now() - interval '1 day'"),
    ("account_farewells", "created_at < now() - interval '2 days'"),
    ("account_oauth_flows", "expires_at < now() - interval '1 hour'"),
    ("letter_allowances", "full_at < now()"),
    ("refresh_tokens", "expires_at < now() - interval '7 days'"),
    ("sign_in_challenges", "expires_at < now() - interval '1 day'"),
    ("second_factor_guesses", "since < now() - interval '1 day'"),
    ("second_factors", "confirmed_at IS NULL AND created_at < now() - interval '1 day'"),
];

pub(super) async fn run(_: PruneHistory, call: &Call) -> Result<(), JobError> {
    for (table, rule) in RULES {
        for _ in 0..BITES {
            if bite(call, table, rule).await? < BITE {
                break;
            }
        }
    }
    prune_carts(call).await?;
    prune_invitations(call).await?;
    prune_customers(call).await
}

/// A customer's codes and tokens stand behind their store's wall: they are deleted from inside.
async fn prune_customers(call: &Call) -> Result<(), JobError> {
    let tenants = customers::tenants_to_prune(&call.database.platform().begin().await?).await?;
    for tenant in tenants {
        for _ in 0..BITES {
            let tx = call.database.tenant(tenant).begin().await?;
            let has_more = customers::prune(&tx).await?;
            tx.commit().await?;
            if !has_more {
                break;
            }
        }
    }
    Ok(())
}

async fn prune_carts(call: &Call) -> Result<(), JobError> {
    let tenants = cart::copy::tenants_to_prune(&call.database.platform().begin().await?).await?;
    for tenant in tenants {
        let tx = call.database.tenant(tenant).begin().await?;
        cart::copy::prune(&tx).await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn prune_invitations(call: &Call) -> Result<(), JobError> {
    let tenants = invitations::tenants_to_prune(&call.database.platform().begin().await?).await?;
    for tenant in tenants {
        let tx = call.database.tenant(tenant).begin().await?;
        invitations::prune(&tx).await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn bite(call: &Call, table: &str, rule: &str) -> Result<u64, DbErr> {
    let tx = call.database.platform().begin().await?;
    let sql =
        format!("DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE {rule} LIMIT {BITE} FOR UPDATE SKIP LOCKED))");
    let deleted = tx.execute_unprepared(&sql).await?.rows_affected();
    tx.commit().await?;
    Ok(deleted)
}
