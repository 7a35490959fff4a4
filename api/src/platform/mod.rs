//! What operators call: `/platform/v1`.

mod account;
mod audit;
mod auth;
mod jobs;
mod reason;
mod support_sessions;
mod tenants;

use salvo::{
    Router,
    oapi::{RouterExt, SecurityRequirement},
};

use crate::context::{limited_by_address, operators_only};

/// One line a resource. What stands in the first block is open to everyone and limited by client address.
pub(crate) fn router() -> Router {
    let open = Router::new().oapi_security(SecurityRequirement::default()).hoop(limited_by_address).push(auth::router());
    let operators = Router::new()
        .oapi_security(SecurityRequirement::new("operatorToken", Vec::<String>::new()))
        .hoop(operators_only)
        .push(account::router())
        .push(tenants::router())
        .push(support_sessions::router())
        .push(audit::router())
        .push(jobs::router());
    Router::with_path("platform/v1").push(open).push(operators)
}
