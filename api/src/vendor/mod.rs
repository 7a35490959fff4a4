//! What vendors call: `/vendor/v1`. The credential says which store; each handler's first line says what it takes.

use salvo::{
    Router,
    oapi::{RouterExt, SecurityRequirement},
};

use crate::context::vendors_only;

/// One line a resource. What stands in the first block is open to everyone and limited by client address.
pub(crate) fn router() -> Router {
    let open = Router::new().oapi_security(SecurityRequirement::default());
    let members = Router::new()
        .oapi_security(SecurityRequirement::new("accessToken", Vec::<String>::new()))
        .oapi_security(SecurityRequirement::new("secretKey", Vec::<String>::new()))
        .hoop(vendors_only);
    Router::with_path("vendor/v1").push(open).push(members)
}
