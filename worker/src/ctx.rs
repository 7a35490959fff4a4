//! Everything a job may need, made once a process.

use std::sync::Arc;

use commerce::{clock::Clock, payments::Gateways};
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
}
