use std::time::Duration;

use salvo::{
    Depot, Extractible, Request,
    extract::Metadata,
    oapi::{BasicType, Components, Content, EndpointArgRegister, Object, Operation, RequestBody, Required},
};

use super::{PLAIN, body::payload, state};
use crate::{Problem, config::Tuning};

/// A file takes longer on its way than a body of JSON.
const UPLOAD_ARRIVES_WITHIN: Duration = Duration::from_mins(5);

/// A file sent as `text/csv`, at most so many bytes. What it holds, and in which encoding, is the operation's to find out.
pub struct Csv<const MOST_BYTES: usize>(pub Vec<u8>);

impl<'ex, const MOST_BYTES: usize> Extractible<'ex> for Csv<MOST_BYTES> {
    fn metadata() -> &'static Metadata {
        &PLAIN
    }

    #[expect(refining_impl_trait, reason = "a named error reads better")]
    async fn extract(req: &'ex mut Request, depot: &'ex mut Depot) -> Result<Self, Problem> {
        if req.content_type().is_none_or(|kind| kind.essence_str() != "text/csv") {
            return Err(Problem::unsupported_media_type("text/csv"));
        }
        let tuning =
            Tuning { body_at_most_bytes: MOST_BYTES, body_arrives_within: UPLOAD_ARRIVES_WITHIN, ..state(depot)?.config.tuning.clone() };
        Ok(Self(payload(req, &tuning).await?.to_vec()))
    }
}

impl<const MOST_BYTES: usize> EndpointArgRegister for Csv<MOST_BYTES> {
    fn register(_: &mut Components, operation: &mut Operation, _: &str) {
        let content = Content::new(Object::with_type(BasicType::String).description(format!("At most {MOST_BYTES} bytes.")));
        operation.request_body = Some(RequestBody::new().required(Required::True).add_content("text/csv", content));
    }
}
