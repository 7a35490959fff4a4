//! What happened to people's data.

use serde::{Deserialize, Serialize};
use tenancy::CustomerId;
use uuid::Uuid;

use crate::{
    ids::{ErasureId, ExportId},
    outbox::Fact,
};

/// A customer is to be forgotten; nobody signs in as them any more.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ErasureRequested {
    pub customer: CustomerId,
    pub erasure: ErasureId,
}

/// Nothing in the store tells who the customer was, but what the law wants kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CustomerErased {
    pub customer: CustomerId,
    pub erasure: ErasureId,
}

/// A customer wants a copy of their data.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExportRequested {
    pub customer: CustomerId,
    pub export: ExportId,
}

/// The copy can be fetched.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExportReady {
    pub customer: CustomerId,
    pub export: ExportId,
}

macro_rules! of_customers {
    ($($name:ident = $code:literal),+) => { $(
        impl Fact for $name {
            const CODE: &'static str = $code;
            const AGGREGATE: &'static str = "customer";

            fn aggregate_id(&self) -> Uuid {
                self.customer.uuid()
            }
        }
    )+ };
}
of_customers!(
    ErasureRequested = "privacy.erasure_requested",
    CustomerErased = "privacy.customer_erased",
    ExportRequested = "privacy.export_requested",
    ExportReady = "privacy.export_ready"
);
