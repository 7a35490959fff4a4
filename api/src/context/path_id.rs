use std::any::type_name;

use salvo::{
    Depot, Extractible, Request,
    extract::Metadata,
    oapi::{BasicType, Components, EndpointArgRegister, Object, Operation, Parameter, ParameterIn, Required},
};
use tenancy::TypedId;

use super::PLAIN;
use crate::{Problem, json};

/// An id in the path; the argument's name is the parameter's. Another kind's id, or none at all, is an absent thing: 404.
#[derive(Clone, Copy, Debug)]
pub struct PathId<T>(pub T);

impl<'ex, T: TypedId> Extractible<'ex> for PathId<T> {
    fn metadata() -> &'static Metadata {
        &PLAIN
    }

    #[expect(refining_impl_trait, reason = "a named error reads better")]
    async fn extract(_: &'ex mut Request, _: &'ex mut Depot) -> Result<Self, Problem> {
        Err(Problem::internal(format!("{} needs an argument name", type_name::<Self>())))
    }

    #[expect(refining_impl_trait, reason = "a named error reads better")]
    async fn extract_with_arg(req: &'ex mut Request, _: &'ex mut Depot, name: &str) -> Result<Self, Problem> {
        let text = req.param::<&str>(name).unwrap_or_default();
        let absent = |_| Problem::not_found("request.not_found", format!("there is no {} of this id", T::PREFIX));
        text.parse().map(Self).map_err(absent)
    }
}

impl<T: TypedId> EndpointArgRegister for PathId<T> {
    fn register(_: &mut Components, operation: &mut Operation, name: &str) {
        let schema = json::id_schema(T::PREFIX);
        operation.parameters.insert(Parameter::new(name).location(ParameterIn::Path).required(Required::True).schema(schema));
    }
}

/// Text in the path, for what is named by an id or by a slug.
#[derive(Clone, Debug)]
pub struct PathText(pub String);

impl<'ex> Extractible<'ex> for PathText {
    fn metadata() -> &'static Metadata {
        &PLAIN
    }

    #[expect(refining_impl_trait, reason = "a named error reads better")]
    async fn extract(_: &'ex mut Request, _: &'ex mut Depot) -> Result<Self, Problem> {
        Err(Problem::internal("PathText needs an argument name"))
    }

    #[expect(refining_impl_trait, reason = "a named error reads better")]
    async fn extract_with_arg(req: &'ex mut Request, _: &'ex mut Depot, name: &str) -> Result<Self, Problem> {
        req.param::<String>(name).map(Self).ok_or_else(|| Problem::not_found("request.not_found", "nothing is here"))
    }
}

impl EndpointArgRegister for PathText {
    fn register(_: &mut Components, operation: &mut Operation, name: &str) {
        let schema = Object::with_type(BasicType::String).min_length(1).max_length(255);
        operation.parameters.insert(Parameter::new(name).location(ParameterIn::Path).required(Required::True).schema(schema));
    }
}
