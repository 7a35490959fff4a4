//! Whether a tenant's rows may have changed, without asking Postgres: a number that each commit in this process raises, and each
//! commit elsewhere that was announced.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::TenantId;

/// More than busy tenants at a time. Two that share a slot only lose kept answers together.
const SLOTS: usize = 4096;

#[derive(Clone)]
pub(crate) struct Revisions(Arc<[AtomicU64]>);

impl Default for Revisions {
    fn default() -> Self {
        Self((0..SLOTS).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Revisions {
    pub(crate) fn of(&self, tenant: TenantId) -> u64 {
        self.slot(tenant).load(Ordering::Acquire)
    }

    pub(crate) fn raise(&self, tenant: TenantId) {
        self.slot(tenant).fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn raise_all(&self) {
        for slot in self.0.iter() {
            slot.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn slot(&self, tenant: TenantId) -> &AtomicU64 {
        // The last bits of a UUIDv7 are random.
        let place = usize::try_from(tenant.uuid().as_u128() % SLOTS as u128).unwrap_or(0);
        &self.0[place]
    }
}
