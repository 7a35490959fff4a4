//! Everything a job may need, made once a process.

use std::sync::Arc;

use commerce::clock::Clock;
use tenancy::Database;

use crate::mail::Mailer;

#[derive(Clone)]
pub struct Ctx {
    pub database: Database,
    pub clock: Clock,
    pub mailer: Arc<dyn Mailer>,
}
