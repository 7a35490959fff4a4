//! Search served by Postgres itself, so that a small deployment needs one service less.
//!
//! An inverted index in tenant tables, behind row security like everything else. A query is two statements, one without a
//! text: the first finds which words of the store the text may mean, the second matches, filters, ranks and answers.
//! Its cost grows with the products that match, not with the products there are, nor with the stores.
//!
//! One writer a store at a time (an advisory lock): what two would do to the same product, they do one after the other.

mod find;
mod statement;
mod tally;
mod terms;
mod write;

use async_trait::async_trait;
use commerce::ids::{ProductId, TenantId};
use tenancy::Database;

use crate::{Error, Found, ProductDocument, Query, SearchBackend};

/// How many documents one transaction writes: it holds the store's lock for that long.
const BATCH: usize = 250;

pub struct Postgres {
    database: Database,
}

impl Postgres {
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl SearchBackend for Postgres {
    async fn query(&self, tenant: TenantId, query: &Query) -> Result<Found, Error> {
        query.check()?;
        let tx = self.database.tenant(tenant).begin().await?;
        find::find(&tx, query).await
    }

    async fn index(&self, tenant: TenantId, documents: &[ProductDocument]) -> Result<(), Error> {
        for batch in documents.chunks(BATCH) {
            let tx = self.database.tenant(tenant).begin().await?;
            write::index(&tx, batch).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn remove(&self, tenant: TenantId, products: &[ProductId]) -> Result<(), Error> {
        for batch in products.chunks(BATCH) {
            let tx = self.database.tenant(tenant).begin().await?;
            write::remove(&tx, batch).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn indexed(&self, tenant: TenantId) -> Result<Vec<ProductId>, Error> {
        let tx = self.database.tenant(tenant).begin().await?;
        Ok(find::indexed(&tx).await?)
    }

    async fn tidy(&self, tenant: TenantId) -> Result<(), Error> {
        let tx = self.database.tenant(tenant).begin().await?;
        write::tidy(&tx).await?;
        Ok(tx.commit().await?)
    }
}
