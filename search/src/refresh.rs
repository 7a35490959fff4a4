//! Brings an index to what the database says.
//!
//! Two workers may refresh the same product at once, and the one that read first may write last. So each looks again
//! after it has written, and writes again if what it wrote is no longer true: whoever writes last has looked last, and
//! the index converges without a lock.

use std::collections::BTreeSet;

use commerce::ids::{ProductId, TenantId};
use tenancy::{Database, TenantDb};

use crate::{
    Error, ProductDocument, SearchBackend,
    load::{load, published},
};

/// How many products are read, indexed and checked together.
const BATCH: usize = 500;
/// How often products may change under our hands before the work is put off.
const ROUNDS: usize = 5;

/// Indexes those of `products` that are published, and removes the rest. When it returns, the index says of them what
/// the database said at some moment after the call began.
///
/// # Errors
/// `Unavailable` when the engine is away, `Unsettled` when the products never stood still; both may be tried again.
pub async fn refresh(backend: &dyn SearchBackend, db: &TenantDb, products: &[ProductId]) -> Result<(), Error> {
    let products: Vec<ProductId> = products.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    for batch in products.chunks(BATCH) {
        refresh_batch(backend, db, batch).await?;
    }
    Ok(())
}

async fn refresh_batch(backend: &dyn SearchBackend, db: &TenantDb, batch: &[ProductId]) -> Result<(), Error> {
    let mut written: Option<Vec<ProductDocument>> = None;
    for _ in 0..ROUNDS {
        let current = load(&db.begin().await?, batch).await?;
        if written.as_ref() == Some(&current) {
            return Ok(());
        }
        let is_new = |document: &&ProductDocument| written.as_ref().is_none_or(|before| !before.contains(document));
        let changed: Vec<ProductDocument> = current.iter().filter(is_new).cloned().collect();
        let shown: BTreeSet<ProductId> = current.iter().map(|document| document.id).collect();
        let gone: Vec<ProductId> = batch.iter().copied().filter(|product| !shown.contains(product)).collect();
        if !changed.is_empty() {
            backend.index(db.tenant(), &changed).await?;
        }
        if !gone.is_empty() {
            backend.remove(db.tenant(), &gone).await?;
        }
        written = Some(current);
    }
    Err(Error::Unsettled)
}

/// Refreshes every product of a store, published or only indexed. The index answers all the while and is never empty.
///
/// # Errors
/// As [`refresh`].
pub async fn rebuild(backend: &dyn SearchBackend, db: &TenantDb) -> Result<u64, Error> {
    let mut stale: BTreeSet<ProductId> = backend.indexed(db.tenant()).await?.into_iter().collect();
    let (mut after, mut count) = (None, 0);
    loop {
        let page = published(&db.begin().await?, after, BATCH as u64).await?;
        let Some(last) = page.last() else { break };
        after = Some(*last);
        count += page.len() as u64;
        refresh(backend, db, &page).await?;
        for product in &page {
            stale.remove(product);
        }
    }
    refresh(backend, db, &stale.into_iter().collect::<Vec<_>>()).await?;
    backend.tidy(db.tenant()).await?;
    Ok(count)
}

/// Rebuilds the index of all `tenants`. An engine that can, fills a second index meanwhile and swaps the two when it is
/// whole; the others rebuild store by store in place.
///
/// # Errors
/// As [`refresh`]. After an error the index is the old one; the work may be begun again.
pub async fn rebuild_all(backend: &dyn SearchBackend, database: &Database, tenants: &[TenantId]) -> Result<u64, Error> {
    let staged = backend.stage().await?;
    let filled = staged.as_deref().unwrap_or(backend);
    let mut count = 0;
    for tenant in tenants {
        count += rebuild(filled, &database.tenant(*tenant)).await?;
    }
    if staged.is_some() {
        backend.promote().await?;
    }
    Ok(count)
}
