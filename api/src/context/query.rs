use garde::Validate;
use salvo::{
    Depot, Extractible, Request,
    extract::Metadata,
    oapi::{Components, EndpointArgRegister, Operation, ToParameters},
};
use serde::de::DeserializeOwned;

use super::{
    PLAIN,
    body::{Tracked, Untracked, faults},
};
use crate::Problem;

/// The query string as a closed list: a parameter nobody asked for is refused, not ignored. `T` derives `Deserialize` (with
/// `deny_unknown_fields`), `Validate` and `ToParameters`.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

impl<'ex, T> Extractible<'ex> for Query<T>
where
    T: DeserializeOwned + Validate<Context = ()> + Send,
{
    fn metadata() -> &'static Metadata {
        &PLAIN
    }

    #[expect(refining_impl_trait, reason = "a named error reads better")]
    async fn extract(req: &'ex mut Request, _: &'ex mut Depot) -> Result<Self, Problem> {
        let tracked =
            req.parse_queries::<Tracked<T>>().map_err(|error| Problem::malformed("request.malformed_query", error.to_string()))?;
        let value = tracked.0.map_err(|fault| match fault {
            Untracked::Field(fault) => Problem::invalid(vec![fault]),
            Untracked::Syntax(text) => Problem::malformed("request.malformed_query", text),
        })?;
        value.validate().map_err(|report| Problem::invalid(faults(&report)))?;
        Ok(Self(value))
    }
}

impl<T: for<'de> ToParameters<'de>> EndpointArgRegister for Query<T> {
    fn register(components: &mut Components, operation: &mut Operation, _: &str) {
        operation.parameters.append(&mut T::to_parameters(components));
    }
}
