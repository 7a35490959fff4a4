use std::fmt;

use salvo::Request;
use uuid::Uuid;

/// Names a request in its answer and in the log. Always ours: one that a client could choose would let it write into our
/// log under another's name.
#[derive(Clone, Debug)]
pub struct RequestId(String);

impl RequestId {
    pub(crate) fn new() -> Self {
        Self(format!("req_{}", Uuid::now_v7().simple()))
    }

    pub(crate) fn of(req: &Request) -> &str {
        req.extensions().get::<Self>().map_or("", |id| &id.0)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'ex> salvo::Extractible<'ex> for RequestId {
    fn metadata() -> &'static salvo::extract::Metadata {
        &super::PLAIN
    }

    #[expect(refining_impl_trait, reason = "a named error reads better")]
    async fn extract(req: &'ex mut Request, _: &'ex mut salvo::Depot) -> Result<Self, crate::Problem> {
        req.extensions().get::<Self>().cloned().ok_or_else(|| crate::Problem::internal("a request without id"))
    }
}

impl salvo::oapi::EndpointArgRegister for RequestId {
    fn register(_: &mut salvo::oapi::Components, _: &mut salvo::oapi::Operation, _: &str) {}
}
