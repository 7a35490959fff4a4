//! Search served by Meilisearch: one index for all stores, every question bound to one of them by us.
//!
//! The index is set up by whoever writes first; a process that only asks waits for nobody. Writes are tasks that
//! Meilisearch works on in order; ours are done when they return. The engine is spoken to over its documented REST API
//! by a small client of our own: the official one sleeps in a thread for each look at a task and cannot be given a time
//! limit for each call.

mod ask;
mod server;
mod stored;
mod token;

use std::sync::Arc;

use async_trait::async_trait;
use commerce::{
    clock::Clock,
    ids::{ProductId, TenantId},
};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use self::{
    server::{Server, Taken},
    stored::{Stored, key},
    token::SigningKey,
};
use crate::{BrowserKey, Error, Found, ProductDocument, Query, SearchBackend};

/// Documents of one task: large enough to be worth its price, small enough to let other stores in between.
const BATCH: usize = 1_000;

#[derive(Clone)]
pub struct MeilisearchConfig {
    pub url: String,
    /// Absent only on a developer's machine.
    pub master_key: Option<String>,
}

/// The key does not show itself in logs.
impl std::fmt::Debug for MeilisearchConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MeilisearchConfig").field("url", &self.url).finish_non_exhaustive()
    }
}

pub struct Meilisearch {
    server: Arc<Server>,
    index: String,
    /// The index that is filled beside it while all is rebuilt.
    staged: String,
    clock: Clock,
    is_set_up: OnceCell<()>,
    signing_key: OnceCell<SigningKey>,
}

impl Meilisearch {
    /// An engine that serves this deployment alone.
    ///
    /// # Errors
    /// `Misconfigured` when the address is no URL.
    pub fn new(config: &MeilisearchConfig, clock: Clock) -> Result<Self, Error> {
        Self::on_index(config, "products", clock)
    }

    /// An engine that others use too, each with an index of another name.
    ///
    /// # Errors
    /// As [`Meilisearch::new`].
    pub fn on_index(config: &MeilisearchConfig, index: &str, clock: Clock) -> Result<Self, Error> {
        let server = Arc::new(Server::new(config)?);
        let staged = format!("{index}_staged");
        Ok(Self { server, index: index.to_owned(), staged, clock, is_set_up: OnceCell::new(), signing_key: OnceCell::new() })
    }

    async fn set_up(&self) -> Result<(), Error> {
        self.is_set_up.get_or_try_init(|| create(&self.server, &self.index)).await.copied()
    }

    /// Where documents are written: the staged index first, if there is one. In this order, a write that the swap comes
    /// between is in the index that answers afterwards, whichever that is.
    async fn targets(&self) -> Result<Vec<&str>, Error> {
        self.set_up().await?;
        match self.server.get::<Value>(&format!("/indexes/{}", self.staged)).await {
            Ok(_) => Ok(vec![&self.staged, &self.index]),
            Err(error) if is_absent(&error) => Ok(vec![&self.index]),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl SearchBackend for Meilisearch {
    async fn query(&self, tenant: TenantId, query: &Query) -> Result<Found, Error> {
        query.check()?;
        match self.server.ask("/multi-search", &ask::searches(&self.index, tenant, query)).await {
            Ok(answer) => Ok(ask::found(query, answer)),
            // Nothing was ever indexed.
            Err(error) if is_absent(&error) => Ok(ask::nothing(query)),
            Err(error) => Err(error),
        }
    }

    async fn index(&self, tenant: TenantId, documents: &[ProductDocument]) -> Result<(), Error> {
        let mut tasks = Vec::new();
        for target in self.targets().await? {
            tasks.extend(hand_in(&self.server, target, tenant, documents).await?);
        }
        all_done(&self.server, &tasks).await
    }

    async fn remove(&self, tenant: TenantId, products: &[ProductId]) -> Result<(), Error> {
        let mut tasks = Vec::new();
        for target in self.targets().await? {
            tasks.extend(take_out(&self.server, target, tenant, products).await?);
        }
        all_done(&self.server, &tasks).await
    }

    async fn indexed(&self, tenant: TenantId) -> Result<Vec<ProductId>, Error> {
        list(&self.server, &self.index, tenant).await
    }

    async fn stage(&self) -> Result<Option<Box<dyn SearchBackend>>, Error> {
        self.set_up().await?;
        // What an unfinished rebuild left behind.
        drop_index(&self.server, &self.staged).await?;
        create(&self.server, &self.staged).await?;
        Ok(Some(Box::new(Staged { server: self.server.clone(), index: self.staged.clone() })))
    }

    async fn promote(&self) -> Result<(), Error> {
        let swap = self.server.change(Method::POST, "/swap-indexes", &json!([{ "indexes": [self.index, self.staged] }])).await?;
        self.server.done(&swap).await?;
        drop_index(&self.server, &self.staged).await
    }

    async fn browser_key(&self, tenant: TenantId) -> Result<Option<BrowserKey>, Error> {
        if !self.server.has_key() {
            return Ok(None);
        }
        let key = self.signing_key.get_or_try_init(|| token::signing_key(&self.server, &self.index)).await?;
        token::mint(key, &self.index, tenant, self.clock.now()).map(Some)
    }
}

/// The index that is filled while the other one answers. It is written to and listed, never asked.
struct Staged {
    server: Arc<Server>,
    index: String,
}

#[async_trait]
impl SearchBackend for Staged {
    async fn query(&self, tenant: TenantId, query: &Query) -> Result<Found, Error> {
        query.check()?;
        Ok(ask::found(query, self.server.ask("/multi-search", &ask::searches(&self.index, tenant, query)).await?))
    }

    async fn index(&self, tenant: TenantId, documents: &[ProductDocument]) -> Result<(), Error> {
        all_done(&self.server, &hand_in(&self.server, &self.index, tenant, documents).await?).await
    }

    async fn remove(&self, tenant: TenantId, products: &[ProductId]) -> Result<(), Error> {
        all_done(&self.server, &take_out(&self.server, &self.index, tenant, products).await?).await
    }

    async fn indexed(&self, tenant: TenantId) -> Result<Vec<ProductId>, Error> {
        list(&self.server, &self.index, tenant).await
    }
}

/// Makes an index if it is not there, and sets it up. Settings that are already so cost Meilisearch nothing.
async fn create(server: &Server, index: &str) -> Result<(), Error> {
    let created = server.change(Method::POST, "/indexes", &json!({ "uid": index, "primaryKey": "key" })).await?;
    match server.done(&created).await {
        Err(Error::Refused { code, .. }) if code == "index_already_exists" => {}
        done => done?,
    }
    let set = server.change(Method::PATCH, &format!("/indexes/{index}/settings"), &stored::settings()).await?;
    server.done(&set).await
}

async fn drop_index(server: &Server, index: &str) -> Result<(), Error> {
    let dropped = match server.delete(&format!("/indexes/{index}")).await {
        Ok(task) => server.done(&task).await,
        Err(error) => Err(error),
    };
    match dropped {
        Err(error) if is_absent(&error) => Ok(()),
        done => done,
    }
}

async fn hand_in(server: &Server, index: &str, tenant: TenantId, documents: &[ProductDocument]) -> Result<Vec<Taken>, Error> {
    let path = format!("/indexes/{index}/documents?primaryKey=key");
    let mut tasks = Vec::new();
    for batch in documents.chunks(BATCH) {
        let batch: Vec<Stored<'_>> = batch.iter().map(|document| Stored::new(tenant, document)).collect();
        tasks.push(server.change(Method::POST, &path, &batch).await?);
    }
    Ok(tasks)
}

async fn take_out(server: &Server, index: &str, tenant: TenantId, products: &[ProductId]) -> Result<Vec<Taken>, Error> {
    let path = format!("/indexes/{index}/documents/delete-batch");
    let mut tasks = Vec::new();
    for batch in products.chunks(BATCH) {
        let keys: Vec<String> = batch.iter().map(|product| key(tenant, *product)).collect();
        tasks.push(server.change(Method::POST, &path, &keys).await?);
    }
    Ok(tasks)
}

/// A staged index may be swapped away while a task for it waits; then the task has nothing left to do.
async fn all_done(server: &Server, tasks: &[Taken]) -> Result<(), Error> {
    for task in tasks {
        match server.done(task).await {
            Err(error) if is_absent(&error) => {}
            done => done?,
        }
    }
    Ok(())
}

async fn list(server: &Server, index: &str, tenant: TenantId) -> Result<Vec<ProductId>, Error> {
    #[derive(Deserialize)]
    struct Page {
        results: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        key: String,
    }
    let path = format!("/indexes/{index}/documents/fetch");
    let (mut products, mut offset) = (Vec::new(), 0);
    loop {
        let page = json!({ "filter": ask::of_tenant(tenant), "fields": ["key"], "offset": offset, "limit": BATCH });
        let page: Page = match server.post(&path, &page).await {
            Err(error) if is_absent(&error) => return Ok(products),
            page => page?,
        };
        let read = |row: &Row| row.key.split_once('_').and_then(|(_, id)| id.parse().ok()).map(ProductId::from_uuid);
        products.extend(page.results.iter().filter_map(read));
        if page.results.len() < BATCH {
            return Ok(products);
        }
        offset += BATCH;
    }
}

fn is_absent(error: &Error) -> bool {
    matches!(error, Error::Refused { code, .. } if code == "index_not_found")
}
