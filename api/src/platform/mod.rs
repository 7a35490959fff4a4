//! What operators call: `/platform/v1`.

use salvo::{
    Router,
    oapi::{RouterExt, SecurityRequirement},
};

use crate::context::operators_only;

/// One line a resource. What stands in the first block is open to everyone and limited by client address.
pub(crate) fn router() -> Router {
    let open = Router::new().oapi_security(SecurityRequirement::default());
    let operators = Router::new().oapi_security(SecurityRequirement::new("operatorToken", Vec::<String>::new())).hoop(operators_only);
    Router::with_path("platform/v1").push(open).push(operators)
}
