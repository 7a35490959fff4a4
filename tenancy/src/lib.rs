//! Whose data: tenants, who answers on a host, who acts, what they may, how much they may.
//!
//! Promises
//! - Rows are reached only through a [`TenantTx`] (one tenant, role `stoa_app`) or a [`PlatformTx`] (across tenants,
//!   role `stoa_platform`). The pools are private to this crate; there is no third way.
//! - A transaction's tenant is set in the same round trip that begins it, and dies with it.
//! - A connection never goes back to its pool inside a transaction, whatever was cancelled or failed.
//! - A suspended tenant is forgotten by every cache of every process at once.
//!
//! Uses nothing else of Stoa.

mod acting;
mod actor;
mod db;
pub mod directory;
mod ids;
mod permission;
mod plan;
pub mod telemetry;

pub use acting::Acting;
pub use actor::Actor;
pub use db::{Database, DatabaseConfig, PlatformDb, PlatformTx, TenantDb, TenantTx};
pub use directory::{Directory, DirectoryError, Tenant, TenantStatus};
pub use ids::{AccountId, ApiKeyId, CustomerId, IdError, OperatorId, TenantId, TypedId};
#[doc(hidden)]
pub use ids::{read_id, write_id};
pub use permission::{BuiltInRole, Permission, SUPPORT};
pub use plan::{Limits, Plan, Rate};

// Used by the code that `typed_id!` writes.
#[doc(hidden)]
pub mod reexport {
    pub use sea_orm;
    pub use serde;
    pub use uuid;
}
