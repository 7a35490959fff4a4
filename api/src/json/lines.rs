use futures::{StreamExt, stream::BoxStream};
use salvo::{
    Depot, Request, Response, Writer, async_trait,
    http::{HeaderValue, header},
    hyper::body::Bytes,
    oapi::{Components, Content, EndpointOutRegister, Operation, Response as Described, ToSchema},
};
use serde::Serialize;

use crate::{Problem, context::RequestId};

/// A whole list as JSON lines (<https://jsonlines.org>), sent while it is read. What cannot be read to its end is cut off, so that
/// nobody takes a part for the whole.
pub struct Lines<T>(pub BoxStream<'static, Result<T, Problem>>);

#[async_trait]
impl<T: Serialize + Send + 'static> Writer for Lines<T> {
    async fn write(self, req: &mut Request, _: &mut Depot, res: &mut Response) {
        let request_id = RequestId::of(req).to_owned();
        res.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
        res.stream(self.0.map(move |row| match row {
            Ok(row) => serde_json::to_vec(&row).map(line).map_err(std::io::Error::from),
            Err(problem) => {
                tracing::warn!(request.id = request_id, error = ?problem, "A list was cut off");
                Err(std::io::Error::other("the list could not be read to its end"))
            }
        }));
    }
}

fn line(mut row: Vec<u8>) -> Bytes {
    row.push(b'\n');
    row.into()
}

impl<T: ToSchema> EndpointOutRegister for Lines<T> {
    fn register(components: &mut Components, operation: &mut Operation) {
        let described = Described::new("One JSON object a line").add_content("application/jsonl", Content::new(T::to_schema(components)));
        operation.responses.insert("200", described);
    }
}
