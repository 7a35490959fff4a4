//! What may happen in a store: one folder a capability, each using only those before it.
//!
//! Shared by all: [`money`], [`ids`], [`clock`], [`fault`], [`outbox`]; and the plain words [`text`], [`page`],
//! [`address`], [`idempotency`], [`facts`], [`audit`]; and two doors: [`outside`] for calls to addresses that others name, [`seal`] for
//! secrets that are kept.
//!
//! Reading rule: an operation that takes `&TenantTx` joins your transaction and touches nothing outside Postgres; a flow
//! that takes `&TenantDb` owns its transactions and may talk to the outside between them. Operations never commit.

pub mod address;
pub mod audit;
pub mod clock;
pub mod dead_letters;
pub mod facts;
pub mod fault;
pub mod idempotency;
pub mod ids;
pub mod money;
pub mod outbox;
pub mod outside;
pub mod page;
pub mod seal;
mod sql;
pub mod text;

pub mod analytics;
pub mod cart;
pub mod catalog;
pub mod checkout;
pub mod customers;
pub mod identity;
pub mod inventory;
pub mod media;
pub mod orders;
pub mod payments;
pub mod privacy;
pub mod shipping;
pub mod stores;
pub mod tax;
