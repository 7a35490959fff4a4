use commerce::{
    fault::FieldFault,
    page::{Cursor, DEFAULT_LIMIT, MAX_LIMIT, PageQuery},
};
use salvo::{
    Depot, Extractible, Request,
    extract::Metadata,
    oapi::{BasicType, Components, EndpointArgRegister, Object, Operation, Parameter, ParameterIn, Required},
};

use super::PLAIN;
use crate::Problem;

/// `?limit=&after=` of a list without filters. A list with filters names both in its own type (read by [`super::Query`]) and
/// makes this of them.
#[derive(Clone, Debug)]
pub struct Paging(pub PageQuery);

impl Paging {
    /// # Errors
    /// 422 at `/limit` or `/after`. Whether the cursor was given by this list is asked by the operation that reads it.
    pub fn new(limit: Option<u64>, after: Option<&str>) -> Result<Self, Problem> {
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(wrong_limit());
        }
        Ok(Self(PageQuery { limit, after: after.map(Cursor::parse).transpose()? }))
    }
}

fn wrong_limit() -> Problem {
    Problem::invalid(vec![FieldFault::new("/limit", "out_of_range", format!("a whole number from 1 to {MAX_LIMIT}"))])
}

impl<'ex> Extractible<'ex> for Paging {
    fn metadata() -> &'static Metadata {
        &PLAIN
    }

    #[expect(refining_impl_trait, reason = "a named error reads better")]
    async fn extract(req: &'ex mut Request, _: &'ex mut Depot) -> Result<Self, Problem> {
        let queries = req.queries();
        if let Some(name) = queries.keys().find(|name| !["limit", "after"].contains(&name.as_str())) {
            return Err(Problem::invalid(vec![FieldFault::new(
                format!("/{name}"),
                "unknown_field",
                "this list takes `limit` and `after`",
            )]));
        }
        let limit = queries.get("limit").map(|text| text.parse().map_err(|_| wrong_limit())).transpose()?;
        Self::new(limit, queries.get("after").map(String::as_str))
    }
}

impl EndpointArgRegister for Paging {
    fn register(_: &mut Components, operation: &mut Operation, _: &str) {
        let limit = Object::with_type(BasicType::Integer).minimum(1).maximum(100).default_value(DEFAULT_LIMIT.into());
        let after = Object::with_type(BasicType::String).max_length(1024);
        let query = |name: &str, text: &str| Parameter::new(name).location(ParameterIn::Query).required(Required::False).description(text);
        operation.parameters.insert(query("limit", "How many at most.").schema(limit));
        operation.parameters.insert(query("after", "`page.next` of the page before.").schema(after));
    }
}
