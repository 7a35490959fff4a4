//! HTTP: who calls, what they send, what they are told. Every rule that also holds for jobs lives in `commerce`.
//!
//! Promises
//! - A request whose client has gone runs to its end ([`service`]); a stop waits for it.
//! - Status codes are decided in [`problem`] and nowhere else; every refusal is a problem document (RFC 9457).
//! - The tenant comes from the credential or the host name, never from a path, a body or a header a client may choose
//!   freely ([`context`]).
//! - What the three OpenAPI documents say is made from the code that answers ([`openapi`]).
//!
//! Uses `tenancy`, `commerce` and `search`. `README.md` is the checklist for a new endpoint.

pub mod config;
pub mod context;
pub mod json;
pub mod openapi;
pub mod problem;

mod cors;
mod health;
mod limits;
mod media;
mod oauth;
mod observe;
mod pipeline;
mod platform;
mod serve;

mod signer;
mod state;

mod storefront;
mod tokens;
mod vendor;

pub use config::Config;
pub use limits::Limiter;
pub use pipeline::service;
pub use problem::Problem;
pub use serve::serve;
pub use signer::{Audience, Claims, Signer};
pub use state::State;
