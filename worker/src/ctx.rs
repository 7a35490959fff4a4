//! Everything a job may need, made once a process.

use std::{sync::Arc, time::Duration};

use commerce::{
    cart::CartStore,
    clock::Clock,
    media::{Objects, Renderer},
    outside::Outside,
    payments::Gateways,
};
use redis::aio::ConnectionManager;
use search::SearchBackend;
use tenancy::{Database, Directory};

use crate::{links::Links, mail::Mailer};

#[derive(Clone)]
pub struct Ctx {
    pub database: Database,
    pub directory: Directory,
    /// None where no Redis is configured. One that is away makes calls fail, not the process.
    pub redis: Option<ConnectionManager>,
    pub clock: Clock,
    pub search: Arc<dyn SearchBackend>,
    pub gateways: Gateways,
    pub mailer: Arc<dyn Mailer>,
    pub links: Links,
    /// The files of pictures.
    pub objects: Objects,
    pub renderer: Renderer,
    /// How addresses are called that stores have named.
    pub outside: Outside,
}

/// Longer than a request would wait: a job that gives up comes back much later.
const CARTS_ANSWER_WITHIN: Duration = Duration::from_secs(2);

impl Ctx {
    /// Carts, as a job sees them.
    pub(crate) fn carts(&self) -> CartStore {
        CartStore::with_timeout(self.redis.clone(), self.clock.clone(), CARTS_ANSWER_WITHIN)
    }
}
