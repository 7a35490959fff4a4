//! How products are found: one trait, two engines behind it, one contract that both keep.
//!
//! Promises
//! - Only published products are found, each store finds its own only, and a document holds nothing that a shopper may
//!   not see.
//! - The index converges to the database, whatever was lost or done twice: [`refresh`] and [`rebuild`] are idempotent.
//! - An engine that is away is [`Error::Unavailable`] within seconds; nothing else of a store needs it.
//!
//! Uses `tenancy` and the shared words of `commerce`.

mod document;
mod error;
mod load;
mod meilisearch;
mod postgres;
mod query;
mod refresh;
mod words;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use commerce::{
    clock::Clock,
    ids::{ProductId, TenantId},
    money::Currency,
};
use tenancy::Database;

pub use document::{Attribute, Category, Image, ProductDocument, ProductOption, Tag, option_key};
pub use error::Error;
pub use load::load;
pub use meilisearch::{Meilisearch, MeilisearchConfig};
pub use postgres::Postgres;
pub use query::{FacetCounts, Field, FieldError, Filters, Found, MAX_FACET_VALUES, PriceRange, Query, Sort, SortError, Suggestion, WINDOW};
pub use refresh::{rebuild, rebuild_all, refresh};

/// Suggestions at most, whatever was asked for.
const MAX_SUGGESTIONS: u64 = 10;

/// An engine that finds products. Each call is for one store and sees nothing of any other.
///
/// The contract, kept by every engine and held by one suite of tests:
///
/// *What is found.* All words of the text must occur in a product: in its title, brand, categories, tags, type, options,
/// SKUs or description. Case and accents do not matter. The last word may be unfinished. A word of five letters or more
/// forgives one typing error, one of nine or more two; an error in the first letter counts twice; numbers forgive none.
///
/// *In which order.* By relevance: a word as typed before an unfinished one before a mistyped one, then the title before
/// the rest; equals by date, newest first. Any other sort orders strictly by its key.
///
/// *What is counted.* Facets are disjunctive: the counts of a field ignore the filter on that field, and no other.
///
/// *When.* What `index` and `remove` did is visible when they return. They are idempotent, and two at once leave a whole
/// document of one or the other. While an index is rebuilt it answers.
///
/// *Texts are data.* No text of a caller is ever read as an instruction: values are quoted or bound.
#[async_trait]
pub trait SearchBackend: Send + Sync {
    /// Answers a query that was checked.
    ///
    /// # Errors
    /// `Invalid` when the query is out of bounds, `Unavailable` when the engine is away.
    async fn query(&self, tenant: TenantId, query: &Query) -> Result<Found, Error>;

    /// Adds documents, or replaces those with the same ids.
    ///
    /// # Errors
    /// `Unavailable` when the engine is away; some of the documents may be indexed then.
    async fn index(&self, tenant: TenantId, documents: &[ProductDocument]) -> Result<(), Error>;

    /// Removes documents; those that are not there are no error.
    ///
    /// # Errors
    /// `Unavailable` when the engine is away.
    async fn remove(&self, tenant: TenantId, products: &[ProductId]) -> Result<(), Error>;

    /// All products that are indexed.
    ///
    /// # Errors
    /// `Unavailable` when the engine is away.
    async fn indexed(&self, tenant: TenantId) -> Result<Vec<ProductId>, Error>;

    /// The products that a shopper who typed `text` so far most likely means.
    ///
    /// # Errors
    /// As [`SearchBackend::query`].
    async fn suggest(&self, tenant: TenantId, text: &str, currency: Currency, limit: u64) -> Result<Vec<Suggestion>, Error> {
        let query = Query { text: Some(text.to_owned()), ..Query::all(currency, limit.clamp(1, MAX_SUGGESTIONS)) };
        let found = self.query(tenant, &query).await?;
        Ok(found.hits.iter().map(Suggestion::from).collect())
    }

    /// Drops what no document of the store needs any more.
    ///
    /// # Errors
    /// `Unavailable` when the engine is away.
    async fn tidy(&self, _tenant: TenantId) -> Result<(), Error> {
        Ok(())
    }

    /// A second, empty index that is filled beside the one that answers; from now on, `index` and `remove` go to both.
    /// `None` where the engine rebuilds in place.
    ///
    /// # Errors
    /// `Unavailable` when the engine is away.
    async fn stage(&self) -> Result<Option<Box<dyn SearchBackend>>, Error> {
        Ok(None)
    }

    /// Puts the staged index in the place of the one that answers, in one step.
    ///
    /// # Errors
    /// `Unavailable` when the engine is away; the old index still answers then.
    async fn promote(&self) -> Result<(), Error> {
        Ok(())
    }

    /// A key with which a browser may ask the engine itself, for this store only and for minutes. `None` where browsers
    /// cannot reach the engine.
    ///
    /// # Errors
    /// `Unavailable` when the engine is away.
    async fn browser_key(&self, _tenant: TenantId) -> Result<Option<BrowserKey>, Error> {
        Ok(None)
    }
}

/// What a browser needs to ask the engine itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrowserKey {
    pub index: String,
    pub token: String,
    pub expires_at: DateTime<Utc>,
}

/// Which engine serves search.
#[derive(Clone, Debug, Default)]
pub struct SearchConfig {
    /// Absent, Postgres does.
    pub meilisearch: Option<MeilisearchConfig>,
}

/// The engine that the configuration chooses. Nothing is called yet: an engine that is away does not keep a process from
/// starting.
///
/// # Errors
/// `Misconfigured` when its address is no URL or its key cannot be sent.
pub fn connect(config: &SearchConfig, database: Database, clock: Clock) -> Result<Arc<dyn SearchBackend>, Error> {
    Ok(match &config.meilisearch {
        Some(meilisearch) => Arc::new(Meilisearch::new(meilisearch, clock)?),
        None => Arc::new(Postgres::new(database)),
    })
}
