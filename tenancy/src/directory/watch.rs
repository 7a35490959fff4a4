//! Hearing of changes: one listening connection a process.

use std::{
    sync::{Weak, atomic::Ordering},
    time::Duration,
};

use sea_orm::{ConnectionTrait, DbErr};
use tracing::warn;

use super::Inner;
use crate::TenantId;

const TENANTS: &str = "stoa_tenants";
/// Each carries the tenant in which it was saved.
const FACTS: &str = "stoa_facts";
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How often the task looks whether its directory still lives.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Tells every process that what it knows of tenants, hosts or keys may be old. Takes effect when `tx` commits.
///
/// # Errors
/// Postgres is away.
pub async fn announce(tx: &impl ConnectionTrait) -> Result<(), DbErr> {
    tx.execute_unprepared("NOTIFY stoa_tenants").await.map(|_| ())
}

pub(super) fn start(directory: Weak<Inner>) {
    tokio::spawn(async move {
        while let Some(database) = directory.upgrade().map(|inner| inner.database.clone()) {
            match database.listen(&[TENANTS, FACTS]).await {
                Ok(mut listener) => hear(&directory, &mut listener).await,
                Err(error) => warn!(%error, "Cannot listen for changes of tenants; nothing is cached until it works"),
            }
            tokio::time::sleep(RETRY_AFTER).await;
        }
    });
}

/// Returns when the connection is lost or the directory is gone.
async fn hear(directory: &Weak<Inner>, listener: &mut sqlx::postgres::PgListener) {
    let Some(inner) = directory.upgrade() else { return };
    inner.forget();
    inner.hears.store(true, Ordering::Release);
    drop(inner);
    loop {
        let heard = tokio::time::timeout(LOOK_EVERY, listener.try_recv()).await;
        let Some(inner) = directory.upgrade() else { return };
        match heard {
            Err(_still_quiet) => {}
            Ok(Ok(Some(change))) => match (change.channel(), change.payload().parse()) {
                (FACTS, Ok(tenant)) => inner.database.revisions().raise(TenantId::from_uuid(tenant)),
                _ => inner.forget(),
            },
            Ok(Ok(None) | Err(_)) => {
                inner.hears.store(false, Ordering::Release);
                inner.forget();
                return;
            }
        }
    }
}
